"""outputs.py MODEL: outputs of the f32 artifact against ONNX Runtime's, for each ISA version of this machine.

Tolerances, relative to the largest value of the output: 1e-5 for float32 files. The float16 file is computed in
float32 by qopt and in float16 by ONNX Runtime: 1e-3 for logits, 2e-3 for present_*.
"""

import itertools
import sys

import numpy as np

import common
from qopt_runtime import Model

PADDINGS = [(1, "none"), (3, "left"), (3, "right")]


def decoder_cases():
    for past in (0, 1, 63):
        for sequence in (1, 17, 200):
            for batch, padding in PADDINGS:
                for real in (False, True):
                    yield batch, past, sequence, padding, real


def check_decoder(name, report):
    logits_tolerance, present_tolerance = (1e-3, 2e-3) if name == "dynamo-f16" else (1e-5, 1e-5)
    models = {isa: Model(common.artifact(name), isa) for isa in common.machine_isas()}
    sessions = {isa: model.session(batch=3, threads=2) for isa, model in models.items()}
    worst = {isa: [0.0, 0.0] for isa in models}
    for case in decoder_cases():
        batch, past, sequence, padding, real = case
        inputs = common.decoder_inputs(name, batch, past, sequence, padding, real)
        expected = common.reference(name, inputs)
        for isa, session in sessions.items():
            got = session.run(inputs, list(expected))
            logits, present = common.compare_decoder(expected, got, inputs["attention_mask"], sequence)
            worst[isa] = [max(worst[isa][0], logits), max(worst[isa][1], present)]
            text = f"{name} {isa} batch {batch} past {past} sequence {sequence} padding {padding} {'text' if real else 'random'}"
            report.check(logits <= logits_tolerance, f"{text}: logits differ by {logits:.2e}")
            report.check(present <= present_tolerance, f"{text}: present_* differ by {present:.2e}")
            for key in expected:
                if key.startswith("present") and past:
                    source = inputs[key.replace("present", "past_key_values")]
                    report.check(np.array_equal(got[key][:, :, :past], source), f"{text}: {key} changed the past")
    for isa, (logits, present) in worst.items():
        print(f"{name} {isa}: largest difference logits {logits:.2e}, present_* {present:.2e}")


def check_encoder(name, report):
    models = {isa: Model(common.artifact(name), isa) for isa in common.machine_isas()}
    sessions = {isa: model.session(threads=2) for isa, model in models.items()}
    worst = dict.fromkeys(models, 0.0)
    # 3 rows of 512 and 9 of 128 are more than run at once.
    for batch, sequence in [*itertools.product((1, 3), (1, 17, 128, 512)), (9, 128)]:
        inputs = common.encoder_inputs(batch, sequence)
        expected = common.reference(name, inputs)["last_hidden_state"]
        for isa, session in sessions.items():
            got = session.run(inputs, ["last_hidden_state"])["last_hidden_state"]
            error = common.difference(expected, got, inputs["attention_mask"].astype(bool))
            worst[isa] = max(worst[isa], error)
            report.check(error <= 1e-5, f"{name} {isa} batch {batch} sequence {sequence}: differs by {error:.2e}")
    for isa, error in worst.items():
        print(f"{name} {isa}: largest difference {error:.2e}")


name = sys.argv[1]
report = common.Report()
(check_encoder if name == "minilm-l6" else check_decoder)(name, report)
report.finish()
