"""run_pipelines.py MODULE DUMP: qopt-opt on the module with each pipeline of a dump, one after the other; prints what results."""

import re
import subprocess
import sys

module = open(sys.argv[1]).read()
for pipeline in re.findall(r"^\S.*?^\)$", open(sys.argv[2]).read(), re.MULTILINE | re.DOTALL):
    module = subprocess.run(["qopt-opt", f"--pass-pipeline={pipeline}"], input=module, stdout=subprocess.PIPE, text=True, check=True).stdout
print(module)
