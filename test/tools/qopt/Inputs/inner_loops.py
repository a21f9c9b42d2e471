"""The innermost loops of assembly that have an instruction: inner_loops.py ASSEMBLY INSTRUCTION

A line for each: how often the instruction, prefetches, gathers, vector registers that go to or come from the stack (spills), and
broadcasts of elements of memory, from instructions of their own or as operands.
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


COUNTED = {"prefetches": r"\tprefetch", "gathers": r"gather", "spills": r"[xyzt]mm.*%rsp|%rsp.*[xyzt]mm",
           "broadcasts": r"broadcast\w*\t.*\(|\{1to"}

lines = open(sys.argv[1]).read().splitlines()
for first, last in innermost(lines):
    body = lines[first:last + 1]
    if number := count(body, rf"^\t{sys.argv[2]}\b"):
        print(f"{sys.argv[2]}: {number}, " + ", ".join(f"{name}: {count(body, pattern)}" for name, pattern in COUNTED.items()))
