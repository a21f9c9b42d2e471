"""The bits of an output do not depend on the number of threads."""

import common
from qopt_runtime import Model

report = common.Report()
for name in ["dynamo-opset18", "minilm-l6"]:
    common.onnx_path(name)
    for isa in common.machine_isas():
        model = Model(common.artifact(name), isa)
        context = {} if name == "minilm-l6" else {"context": 1024}
        sessions = [model.session(batch=3, threads=threads, **context) for threads in (1, 2, 3)]
        if name == "minilm-l6":
            cases = [common.encoder_inputs(batch, sequence) for batch, sequence in ((1, 7), (3, 128), (9, 128))]  # the last in parts
        else:
            cases = [common.decoder_inputs(name, batch, past, sequence, "left", False)
                     for batch in (1, 3) for past, sequence in ((0, 1), (63, 1), (900, 1), (0, 17), (5, 200))]
        for inputs in cases:
            results = [session.run(inputs, list(model.outputs)) for session in sessions]
            for key in model.outputs:
                bits = [result[key].tobytes() for result in results]
                report.check(bits[0] == bits[1] == bits[2], f"{name} {isa} {inputs['input_ids'].shape}: {key} depends on the threads")
report.finish()
