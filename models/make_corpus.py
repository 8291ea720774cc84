#!/usr/bin/env python3
"""Makes the training text of Ingot's built-in model.

Every document follows from its seed alone, so that any part of the corpus can be made anywhere, in any order:
document `i` of seed `s` is `document(s, i)`. Run as a program it writes documents to a file, or shows some:

    python3 make_corpus.py --count 20                      # shows twenty documents
    python3 make_corpus.py --count 100000 --out corpus.txt # writes them, one JSON string a line
"""

import argparse
import json
import multiprocessing
import random
import sys

from corpus import talk, toolcalls

PLAIN_SHARE = 0.14


def conversation(seed, index):
    """The document as (system, tools, turns), or as a plain text."""
    rng = random.Random(f"{seed}/{index}")
    if rng.random() < PLAIN_SHARE:
        return talk.plain(rng)
    return talk.chat(rng)


def render(system, tools, turns):
    """The conversation as the chat template writes it."""
    if tools:
        system = toolcalls.system_text(tools, system)
    parts = [f"<|im_start|>system\n{system}<|im_end|>\n"] if system else []
    previous = None
    for i, (role, text) in enumerate(turns):
        if role != "tool":
            parts.append(f"<|im_start|>{role}\n{text}<|im_end|>\n")
        else:
            parts.append(("" if previous == "tool" else "<|im_start|>user") + f"\n<tool_response>\n{text}\n</tool_response>")
            if i + 1 == len(turns) or turns[i + 1][0] != "tool":
                parts.append("<|im_end|>\n")
        previous = role
    return "".join(parts)


def document(seed, index):
    """The text of a document, without the end-of-text mark."""
    made = conversation(seed, index)
    return made if isinstance(made, str) else render(*made)


def _block(task):
    seed, start, end = task
    return [document(seed, index) for index in range(start, end)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", default="train", help="any word; each gives other documents")
    parser.add_argument("--start", type=int, default=0, help="index of the first document")
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--out", help="file to write, one JSON string a line; without it the documents are shown")
    options = parser.parse_args()
    tasks = [(options.seed, i, min(i + 500, options.start + options.count))
             for i in range(options.start, options.start + options.count, 500)]
    with multiprocessing.Pool(options.processes) as pool:
        out = open(options.out, "w", encoding="utf-8") if options.out else sys.stdout
        for block in pool.imap(_block, tasks):
            for text in block:
                out.write(json.dumps(text, ensure_ascii=False) + "\n" if options.out else text + "\n" + "-" * 100 + "\n")
        out.flush()


if __name__ == "__main__":
    main()
