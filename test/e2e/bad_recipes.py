"""What users get wrong in recipe files: exit code 1, one error at file, line and column, no output. The messages are
pinned; test/lib/Recipes has more of them."""

import pathlib
import re
import tempfile

import common

MODEL = common.onnx_path("dynamo-f16")
HEADER = "# A recipe.\n"
REST = "  - match: {}\n    format: int4-g64\n"

# Text of the file, place, message (a regular expression).
CASES = {
    "unknown key of a recipe": ("activation: f32\nrules:\n" + REST, "2:1", r"unknown key 'activation' of a recipe; did you mean 'activations'\?"),
    "unknown key of a rule": ("rules:\n  - match: {}\n    formt: int4-g64\n", "4:5", r"unknown key 'formt' of a rule; did you mean 'format'\?"),
    "unknown key of a format": ("rules:\n  - match: {}\n    format: {codes: u4, block: 64, scale: f16, group: 3}\n", "4:48",
                                r"unknown key 'group' of 'format'; expects one of codes, block, scale, zero"),
    "unknown key of match": ("rules:\n  - match: {roles: head}\n    format: f32\n", "3:13", r"unknown key 'roles' of 'match'; did you mean 'role'\?"),
    "unknown option of a method": ("rules:\n  - match: {}\n    format: int4-g64\n    method: {name: rtn, step: 3}\n", "5:25", r"unknown option 'step' of rtn: there is search, steps"),
    "the same key twice": ("rules:\n" + REST + "    format: f32\n", "5:5", r"key 'format' stands twice; first in line 4"),
    "a list for a map": ("- match: {}\n  format: f32\n", "2:1", r"expects a recipe to be a map, but got a list"),
    "a word for rules": ("rules: int4-g64\n", "2:8", r"expects 'rules' to be a list of rules, but got 'int4-g64'"),
    "a map for a role": ("rules:\n  - match: {role: {head: 1}}\n    format: f32\n", "3:19", r"expects the name of a role, but got a map"),
    "a list for a format": ("rules:\n  - match: {}\n    format: [f16]\n", "4:13", r"expects a format, by its name or as a map, but got a list"),
    "a word for a number": ("rules:\n  - match: {}\n    format: int4-g64\n    method: {name: rtn, steps: many}\n", "5:25", r"expects steps to be 1 to 100, but got 'many'"),
    "no YAML": ("rules: [\n", "2:9", r"not YAML: "),
    "an empty file": ("", "1:1", r"expects a recipe to be a map, but got nothing"),
    "unknown format": ("rules:\n  - match: {}\n    format: int4-g63\n", "4:13", r"unknown format 'int4-g63'; did you mean 'int4-g64'\?"),
    "unknown role": ("rules:\n  - match: {role: heads}\n    format: f16\n" + REST, "3:19", r"unknown role 'heads'; did you mean 'head'\?"),
    "unknown method": ("rules:\n" + REST + "    method: gptq\n", "5:13", r"unknown method 'gptq': there is rtn"),
    "unknown activations": ("activations: int8\nrules:\n" + REST, "2:14", r"unknown activations 'int8'; expects one of f32, bf16, int8-token, int8-block"),
    "bad block": ("rules:\n  - match: {}\n    format: {codes: u4, block: 48, scale: f16}\n", "4:32", r"expects a block of 16 elements, of a multiple of 32 up to 256, channel or tensor, but got 48"),
    "a block too large": ("rules:\n  - match: {}\n    format: {codes: u4, block: 512, scale: f16}\n", "4:32", r"expects a block of 16 elements, of a multiple of 32 up to 256, channel or tensor, but got 512"),
    "codes of nine bits": ("rules:\n  - match: {}\n    format: {codes: u9, block: 64, scale: f16}\n", "4:21", r"expects codes of 2 to 8 bits, but got 9"),
    "scale of integers": ("rules:\n  - match: {}\n    format: {codes: u4, block: 64, scale: s8}\n", "4:43", r"expects scale to be f32, f16 or bf16, but got 's8'"),
    "a midpoint of signed codes": ("rules:\n  - match: {}\n    format: {codes: s4, block: 64, scale: f16, zero: midpoint}\n", "4:13",
                                   r"signed codes have their midpoint at 0: expects zero = none, or unsigned codes"),
    "an unsigned zero of signed codes": ("rules:\n  - match: {}\n    format: {codes: s4, block: 64, scale: f16, zero: u4}\n", "4:13",
                                         r"expects an integer zero to be signed as the codes are, but got 'u4'"),
    "int8 activations of floats": ("rules:\n  - match: {}\n    format: f16\n    activations: int8-token\n", "5:18",
                                   r"activations 'int8-token' do not go with a float format; expects f32"),
    "blocks of activations for rows": ("rules:\n  - match: {}\n    format: int8-channel\n    activations: int8-block\n", "5:18",
                                       r"activations 'int8-block' do not go with a format whose scale is for a whole row; expects int8-token"),
    "activations of a table": ("rules:\n  - match: {role: embedding}\n    format: int4-g64\n    activations: bf16\n" + REST, "5:18",
                               r"a weight of role 'embedding' is no factor of a product: it has no activations"),
    "a method of floats": ("rules:\n  - match: {}\n    format: f16\n    method: rtn\n", "5:13", r"a float format has no codes that a method chooses"),
    "a rule for nothing": ("rules:\n  - match: {path: '*.no_proj'}\n    format: f16\n" + REST, "3:5", r"no weight matches \{path: \*\.no_proj\}"),
    "a rule that comes too late": ("rules:\n" + REST + "  - match: {role: down}\n    format: f16\n", "5:5",
                                   r"the rule never applies: what \{role: down\} matches is taken by the rule at .*:3:5"),
    "a cache of bf16": ("rules:\n  - match: {role: kv_cache}\n    format: bf16\n" + REST, "4:13", r"a cache is of f32, f16 or int8-channel"),
    "a cache with a method": ("rules:\n  - match: {role: kv_cache}\n    format: int8-channel\n    method: rtn\n" + REST, "5:13",
                              r"codes of a cache are chosen when the model runs: it has no method"),
    "a cache of no layer": ("rules:\n  - match: {role: kv_cache, path: '*.99.*'}\n    format: f16\n" + REST, "3:5",
                            r"no cache matches \{role: kv_cache, path: \*\.99\.\*\}"),
    "a wrong pattern": ("rules:\n  - match: {path: 'model.[0-3'}\n    format: f16\n", "3:19", r"wrong path 'model\.\[0-3': invalid glob pattern"),
}

report = common.Report()
with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    recipe, output = folder / "bad.yaml", folder / "out.qopt"
    for label, (text, place, message) in CASES.items():
        recipe.write_text(HEADER + text)
        result = common.qopt("compile", MODEL, "-o", output, "--recipe", recipe, "--target", "x86-64-v3", check=False)
        error = result.stderr[:1000]
        report.check(result.returncode == 1, f"{label}: exit code {result.returncode}, expected 1\n{error}")
        report.check(re.search(rf"error: .*?{re.escape(str(recipe))}:{place}: (error: )?.*?(?:{message})", error),
                     f"{label}: expected bad.yaml:{place}: /{message}/, but got\n{error}")
        report.check("Stack dump" not in error and "current operation" not in error, f"{label}: crashed, or shows the whole module\n{error}")
        left = sorted(path.name for path in folder.iterdir() if path != recipe)
        report.check(not left, f"{label}: left {left}")
report.finish()
