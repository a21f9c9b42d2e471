"""An installed tree works where it is moved to: its driver, its CMake package, models compiled by another project."""

import json
import os
import pathlib
import shutil

import numpy as np
import onnx
from onnx import TensorProto, helper
from tree import BUILD, CMAKE, ROOT, SETTINGS, expect, install, run

HERE = pathlib.Path(__file__).resolve().parent
WORK = BUILD / "test" / "install" / "work"
TREE = WORK / "moved tree"  # build tools have to quote it
PROJECT = WORK / "project"
TINY = PROJECT / "models" / "tiny"

def check_tree(first):
    for path in [*TREE.rglob("*.cmake"), *TREE.rglob("*.h")]:
        text = path.read_text()
        for foreign in (first, ROOT, BUILD):
            expect(str(foreign) not in text, f"{path.name} does not name {foreign.name}")
    expect(run(TREE / "bin" / "qopt", "--version").stdout.startswith("qopt "), "the moved driver runs")


def external(name, array, file):
    """A tensor whose data is in a file of its own."""
    array.tofile(TINY / file)
    tensor = TensorProto(name=name, dims=array.shape, data_type=TensorProto.FLOAT, data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value=file)
    return tensor


def write_tiny():
    """y = x weight + bias; the compiler reads the bias at once, as it is small, and maps the weight."""
    random = np.random.default_rng(1)
    weight = random.standard_normal((16, 8)).astype(np.float32)
    bias = random.standard_normal(8).astype(np.float32)
    shape = lambda n: helper.make_tensor_value_info("x" if n == 16 else "y", TensorProto.FLOAT, ["batch", n])
    nodes = [helper.make_node("MatMul", ["x", "weight"], ["product"]), helper.make_node("Add", ["product", "bias"], ["y"])]
    graph = helper.make_graph(nodes, "tiny", [shape(16)], [shape(8)],
                              [external("weight", weight, "weight.bin"), external("bias", bias, "bias.bin")])
    (TINY / "model.onnx").write_bytes(helper.make_model(
        graph, ir_version=10, opset_imports=[helper.make_opsetid("", 18)]).SerializeToString())


def tiny_reference():
    weight = np.fromfile(TINY / "weight.bin", np.float32).reshape(16, 8)
    x = (np.arange(32) % 5 - 2).astype(np.float32).reshape(2, 16)
    return x @ weight + np.fromfile(TINY / "bias.bin", np.float32)


class Project:
    """The separate project, configured for one generator."""

    def __init__(self, generator, folder, *options):
        self.folder = WORK / folder
        self.configure("-G", generator, *SETTINGS, f"-DCMAKE_PREFIX_PATH={TREE}", *options)

    def configure(self, *options):
        run(CMAKE, "-S", PROJECT, "-B", self.folder, *options)

    def manifest(self, model):
        return json.loads((self.folder / f"{model}.qopt" / "manifest.json").read_text())

    def times(self):
        return {path.parent.stem: path.stat().st_mtime_ns for path in self.folder.glob("*.qopt/manifest.json")}

    def build(self, *options):
        """Names of the models that were compiled."""
        before = self.times()
        self.output = run(CMAKE, "--build", self.folder, *options).stdout
        return sorted(name for name, time in self.times().items() if before.get(name) != time)

    def is_affine(self, tolerance=1e-5):
        got = np.array(run(self.folder / "affine").stdout.split(), np.float32).reshape(2, 8)
        return np.abs(got - tiny_reference()).max() <= tolerance

    def check_affine(self, what, tolerance=1e-5):
        expect(self.is_affine(tolerance), f"right outputs {what}")


def check_rebuilds(project):
    """What makes the tiny model compile again, and that nothing else does."""
    expect(project.build() == [], "nothing is compiled twice")
    project.configure()
    expect(project.build() == [], "nothing is compiled after configuring again")
    (TINY / "model.onnx").touch()
    expect(project.build() == ["tiny-net"], "a touched model is compiled again")
    np.arange(8, dtype=np.float32).tofile(TINY / "bias.bin")
    expect(project.build() == ["tiny-net"], "small external data changed: compiled again")
    project.check_affine("of changed external data")
    (TINY / "weight.bin").touch()
    expect(project.build() == ["tiny-net"], "large external data touched: compiled again")
    (TINY / "config.json").touch()
    expect(project.build() == ["tiny-net"], "a file that goes into the artifact touched: compiled again")
    expect(project.manifest("tiny-net")["recipe"] == "f32", "f32 at first")
    project.configure("-DRECIPE=w4")
    expect(project.build() == ["tiny-net"], "another recipe: compiled again")
    expect(project.manifest("tiny-net")["recipe"] == "w4", "the manifest names it")
    # 15 steps from the least to the largest of 16 normal weights: half a step is at most 0.15, and |x| sums to 19.
    project.check_affine("with weights of 4 bits", tolerance=19 * 0.15)
    expect(not project.is_affine(tolerance=1e-5), "which are rounded")
    project.configure("-DRECIPE=f32")
    project.build()
    expect(project.build() == [], "and then nothing is")


def check_recipe_file(project):
    recipe = PROJECT / "recipe.yaml"
    recipe.write_text("rules:\n  - match: {}\n    format: f16\n")
    project.configure("-DRECIPE=recipe.yaml")
    expect(project.build() == ["tiny-net"], "a recipe file: compiled again")
    expect(project.build() == [], "once")
    recipe.write_text(recipe.read_text().replace("f16", "bf16"))
    expect(project.build() == ["tiny-net"], "a changed recipe file: compiled again")
    expect("bf16" in project.manifest("tiny-net")["recipe"], "the manifest has its text")
    project.configure("-DRECIPE=f32")
    project.build()


def check_clean(project):
    project.build("--target", "clean")
    expect(not (project.folder / "tiny-net.qopt").exists(), "clean removes the artifact")
    expect(project.build() == ["tiny-net"], "and it is compiled again")
    # As an interrupted build tool leaves it.
    (project.folder / "tiny-net.qopt" / "manifest.json").unlink()
    expect(project.build() == ["tiny-net"], "an artifact without its manifest is compiled again")


def check_errors(project):
    model = (TINY / "model.onnx").read_bytes()
    (TINY / "model.onnx").write_bytes(model[:100])
    result = run(CMAKE, "--build", project.folder, check=False)
    expect(result.returncode and "model.onnx" in result.stdout, "a broken model fails the build and is named")
    (TINY / "model.onnx").write_bytes(model)
    expect(project.build() == ["tiny-net"], "and is compiled when it is whole")
    for call, message in {
        "qopt_add_model(a m.onnx RECIPES w4)": "unknown arguments: RECIPES;w4",
        "qopt_add_model(a m.onnx RECIPE)": "no value for RECIPE",
        "set(QOPT_EXECUTABLE)\nqopt_add_model(a m.onnx)": "has no compiler",
    }.items():
        bad = WORK / "bad"
        shutil.rmtree(bad, ignore_errors=True)
        bad.mkdir()
        (bad / "CMakeLists.txt").write_text(
            f"cmake_minimum_required(VERSION 3.20)\nproject(bad C)\nfind_package(qopt REQUIRED)\n{call}\n")
        result = run(CMAKE, "-S", bad, "-B", bad / "build", *SETTINGS, f"-DCMAKE_PREFIX_PATH={TREE}", check=False)
        expect(result.returncode and message in " ".join(result.stdout.split()), f"refused: {message}")


def check_compiler(project):
    """Another compiler compiles all models again, though it may be older than what the last one made."""
    install(TREE)
    expect(project.build() == [], "the same compiler installed again: nothing is compiled")
    driver = TREE / "bin" / "qopt"
    with open(driver, "ab") as file:
        file.write(b"\0")
    os.utime(driver, (1, 1))
    install(TREE)
    expect(project.build() == ["tiny-net", "tinystories"], "another compiler: all is compiled again")
    expect(project.build() == [], "once")
    install(TREE)
    expect(project.build() == [], "and not for an installation without a change")


def main():
    shutil.rmtree(WORK, ignore_errors=True)
    first = WORK / "first tree"
    install(first)
    first.rename(TREE)
    check_tree(first)

    shutil.copytree(HERE / "project", PROJECT)
    TINY.mkdir(parents=True)
    write_tiny()
    (TINY / "config.json").write_text("{}\n")
    shutil.copytree(ROOT / "examples" / "tinystories", PROJECT / "models" / "tinystories")

    project = Project("Ninja", "ninja")
    expect(project.build() == ["tiny-net", "tinystories"], "both models are compiled")
    expect(project.manifest("tiny-net")["targets"] == ["x86-64-v3", "x86-64"], "TARGETS is passed on")
    expect(project.manifest("tinystories")["targets"] == ["x86-64"], "for each model its own")
    expect(project.manifest("tinystories")["recipe"] == "bf16", "RECIPE is passed on")
    project.check_affine("from a C program")
    print(run(project.folder / "signature").stdout, end="")
    lines = run(project.folder / "both").stdout.splitlines()
    expect(lines[0] == "tiny" and "expects a model of 1 inputs, but 'tinystories' has" in lines[1],
           "a header refuses the artifact of another model")
    check_rebuilds(project)
    expect("no work to do" in project.output, "Ninja has nothing to do")
    check_recipe_file(project)
    check_errors(project)
    check_compiler(project)

    project = Project("Unix Makefiles", "make", "-DDECODER=OFF")
    expect(project.build() == ["tiny-net"], "make compiles the model")
    check_rebuilds(project)
    check_clean(project)


main()
