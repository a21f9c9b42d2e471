"""The innermost loops of assembly that have an instruction: inner_loops.py ASSEMBLY INSTRUCTION

A line for each, sorted: how often the instruction, prefetches, gathers, vector registers that go to or come from the stack (spills),
broadcasts of elements of memory, from instructions of their own or as operands, other instructions with an operand on the stack,
such as addresses that are reloaded, and those of the instruction itself that have an operand in memory.
"""

import re
import sys


def innermost(lines):
    """(first, last) of all jumps back that span no other one."""
    places, loops = {}, []
    for i, line in enumerate(lines):
        if label := re.match(r"(\.\w+):", line):
            places[label[1]] = i
        elif (jump := re.match(r"\tj\w+\t(\.\w+)", line)) and jump[1] in places:
            loops.append((places[jump[1]], i))
    return [loop for loop in loops if not any(other != loop and loop[0] <= other[0] and other[1] <= loop[1] for other in loops)]


def count(lines, pattern):
    return sum(bool(re.search(pattern, line)) for line in lines)


lines = open(sys.argv[1]).read().splitlines()
# A frame pointer is one of the stack, else a register like others.
STACK = "%r[sb]p" if "\tmovq\t%rsp, %rbp" in lines else "%rsp"
COUNTED = {"prefetches": r"\tprefetch", "gathers": r"gather", "spills": rf"[xyzt]mm.*{STACK}|{STACK}.*[xyzt]mm",
           "broadcasts": r"broadcast\w*\t.*\(|\{1to", "stack": rf"^(?!.*[xyzt]mm).*\({STACK}", "memory": rf"^\t{sys.argv[2]}\t.*\("}

counts = []
for first, last in innermost(lines):
    body = lines[first:last + 1]
    if number := count(body, rf"^\t{sys.argv[2]}\b"):
        counts.append([number, *(count(body, pattern) for pattern in COUNTED.values())])
for number, *others in sorted(counts):
    print(f"{sys.argv[2]}: {number}, " + ", ".join(f"{name}: {other}" for name, other in zip(COUNTED, others)))
