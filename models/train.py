#!/usr/bin/env python3
"""Trains Ingot's built-in model: makes its tokenizer, its text and its weights, and writes a folder that transformers loads.

    python3 train.py --out ingot-small --steps 9000

The text is made while the GPU works, by as many processes as `--workers`; no document is seen twice. What batch `b` holds
depends on `b` alone, not on the number of workers.
"""

import argparse
import csv
import json
import math
import multiprocessing
import os
import time
from pathlib import Path

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")      # The workers are processes already.

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import GenerationConfig, Qwen3Config, Qwen3ForCausalLM

from make_corpus import document

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
MARKS = ["<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>"]
VOCABULARY = 4096
CONTEXT_BIT = 0x8000      # set on tokens that the model reads but need not learn to write
CONTEXT_WEIGHT = 0.1

# Words with their leading space, every digit alone, punctuation, line breaks, other spaces.
WORDS = r"'(?:[sdmtSDMT]|ll|LL|ve|VE|re|RE)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"

CHAT_TEMPLATE = """\
{%- if tools %}
    {{- '<|im_start|>system\\n' }}
    {%- if messages[0].role == 'system' %}
        {{- messages[0].content + '\\n\\n' }}
    {%- endif %}
    {{- '# Tools\\n\\nYou may call one or more functions to assist with the user query.\\n\\nYou are provided with function signatures within <tools></tools> XML tags:\\n<tools>' }}
    {%- for tool in tools %}
        {{- '\\n' }}
        {{- tool | tojson }}
    {%- endfor %}
    {{- '\\n</tools>\\n\\nFor each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:\\n<tool_call>\\n{"name": <function-name>, "arguments": <args-json-object>}\\n</tool_call><|im_end|>\\n' }}
{%- elif messages[0].role == 'system' %}
    {{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
    {%- if message.role == 'user' or (message.role == 'system' and not loop.first) %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
    {%- elif message.role == 'assistant' %}
        {{- '<|im_start|>assistant\\n' }}
        {%- if message.content %}
            {{- message.content }}
        {%- endif %}
        {%- for call in message.tool_calls or [] %}
            {%- if message.content or not loop.first %}
                {{- '\\n' }}
            {%- endif %}
            {%- if call.function %}
                {%- set call = call.function %}
            {%- endif %}
            {{- '<tool_call>\\n{"name": "' + call.name + '", "arguments": ' }}
            {%- if call.arguments is string %}
                {{- call.arguments }}
            {%- else %}
                {{- call.arguments | tojson }}
            {%- endif %}
            {{- '}\\n</tool_call>' }}
        {%- endfor %}
        {{- '<|im_end|>\\n' }}
    {%- elif message.role == 'tool' %}
        {%- if loop.first or messages[loop.index0 - 1].role != 'tool' %}
            {{- '<|im_start|>user' }}
        {%- endif %}
        {{- '\\n<tool_response>\\n' + message.content + '\\n</tool_response>' }}
        {%- if loop.last or messages[loop.index0 + 1].role != 'tool' %}
            {{- '<|im_end|>\\n' }}
        {%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
"""


def _tokenizer_text(index):
    text = document("tokenizer", index)
    for mark in SPECIAL + MARKS:
        text = text.replace(mark, "\n")
    return text


def make_tokenizer(out, workers, documents=40_000):
    """Trains a byte-level BPE and writes tokenizer.json and tokenizer_config.json."""
    with multiprocessing.Pool(workers) as pool:
        texts = pool.map(_tokenizer_text, range(documents), chunksize=500)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(WORDS), behavior="isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=VOCABULARY - len(SPECIAL) - len(MARKS), show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_special_tokens([AddedToken(mark, special=True, normalized=False) for mark in SPECIAL])
    tokenizer.add_tokens([AddedToken(mark, special=False, normalized=False) for mark in MARKS])
    assert tokenizer.get_vocab_size() == VOCABULARY
    tokenizer.save(str(out / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": 2048,
        "clean_up_tokenization_spaces": False,
        "bos_token": None,
        "eos_token": "<|im_end|>",
        "pad_token": "<|endoftext|>",
        "unk_token": None,
        "added_tokens_decoder": {
            str(tokenizer.token_to_id(mark)): {"content": mark, "lstrip": False, "normalized": False, "rstrip": False,
                                               "single_word": False, "special": mark in SPECIAL} for mark in SPECIAL + MARKS},
        "additional_special_tokens": ["<|im_start|>"],
        "chat_template": CHAT_TEMPLATE,
    }
    (out / "tokenizer_config.json").write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return tokenizer


class Packer:
    """Makes batches of token ids [rows, length]: whole documents one after another, every row starting with a new one."""

    def __init__(self, tokenizer_file, rows, length):
        self.tokenizer = Tokenizer.from_file(str(tokenizer_file))
        self.end, self.start, self.stop = (self.tokenizer.token_to_id(mark) for mark in SPECIAL)
        self.assistant = self.tokenizer.encode("assistant").ids
        self.rows, self.length = rows, length

    def marked(self, ids):
        """The ids of a document and its end, with the context bit on all that another speaker says."""
        ids = np.array(ids + [self.end], dtype=np.uint16)
        starts = np.flatnonzero(ids == self.start)
        if len(starts) == 0:
            return ids
        writes = np.zeros(len(ids), dtype=bool)
        writes[-1] = True
        head = len(self.assistant)
        for begin in starts:
            if ids[begin + 1:begin + 1 + head].tolist() == self.assistant:
                finish = begin + int(np.argmax(ids[begin:] == self.stop))
                writes[begin + head + 2:finish + 1] = True      # after the line break, up to <|im_end|>
        ids[~writes] |= CONTEXT_BIT
        return ids

    def batch(self, seed, number):
        rows, index = [], number * 1_000_000
        row, filled = [], 0
        while True:
            texts = [document(seed, index + i) for i in range(64)]
            index += 64
            for encoding in self.tokenizer.encode_batch_fast(texts, add_special_tokens=False):
                ids = self.marked(encoding.ids)
                row.append(ids)
                filled += len(ids)
                if filled >= self.length:
                    rows.append(np.concatenate(row)[:self.length])
                    row, filled = [], 0
                    if len(rows) == self.rows:
                        return np.stack(rows)


def _work(packer_arguments, seed, numbers, queue):
    packer = Packer(*packer_arguments)
    for number in numbers:
        queue.put(packer.batch(seed, number))


class Batches:
    """Batches in order, made ahead by worker processes."""

    def __init__(self, packer_arguments, seed, count, workers):
        context = multiprocessing.get_context("fork")
        self.queues = [context.Queue(maxsize=12) for _ in range(workers)]
        for i, queue in enumerate(self.queues):
            context.Process(target=_work, args=(packer_arguments, seed, range(i, count, workers), queue), daemon=True).start()
        self.count = count

    def __iter__(self):
        for number in range(self.count):
            yield self.queues[number % len(self.queues)].get()


def weighted_loss(model, marked):
    """(sum of weight × loss, sum of weights, the same two for the tokens that the model is to write)."""
    ids = marked & (CONTEXT_BIT - 1)
    logits = model(input_ids=ids, use_cache=False).logits[:, :-1]
    losses = F.cross_entropy(logits.float().flatten(0, 1), ids[:, 1:].flatten(), reduction="none")
    writes = (marked[:, 1:].flatten() < CONTEXT_BIT).float()
    weights = writes + CONTEXT_WEIGHT * (1 - writes)
    return (losses * weights).sum(), weights.sum(), (losses * writes).sum(), writes.sum()


def evaluate(loss_of, model, batches):
    """The loss on held-out text: of all tokens weighted as in training, and of what the assistant says."""
    model.eval()
    sums = np.zeros(4)
    with torch.no_grad(), torch.autocast("cuda", torch.bfloat16):
        for batch in batches:
            sums += np.array([float(value) for value in loss_of(model, batch)])
    model.train()
    return sums[0] / sums[1], sums[2] / sums[3]


def learning_rate(step, steps, peak, warmup):
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * (step - warmup) / (steps - warmup))))


def save(model, out, ids):
    """Writes config.json, model.safetensors (bf16) and generation_config.json."""
    clone = Qwen3ForCausalLM(model.config)
    clone.load_state_dict(model.state_dict())
    clone.generation_config = GenerationConfig(do_sample=True, temperature=0.7, top_p=0.9, top_k=40, eos_token_id=[ids[2], ids[0]],
                                               pad_token_id=ids[0])
    clone.to(torch.bfloat16).save_pretrained(out)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder to write the model to")
    parser.add_argument("--init", type=Path, help="folder of a model to go on from, with its tokenizer")
    parser.add_argument("--log", type=Path, help="folder for loss.csv and training.json; the same as --out if not given")
    parser.add_argument("--steps", type=int, default=9000)
    parser.add_argument("--rows", type=int, default=32, help="rows in a batch")
    parser.add_argument("--length", type=int, default=2048, help="tokens in a row")
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--warmup", type=int, default=300)
    parser.add_argument("--workers", type=int, default=max(1, (os.cpu_count() or 2) - 2))
    parser.add_argument("--seed", default="train")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    log = options.log or options.out
    log.mkdir(parents=True, exist_ok=True)
    began = time.time()

    if options.init:
        for name in ("tokenizer.json", "tokenizer_config.json"):
            (options.out / name).write_bytes((options.init / name).read_bytes())
        tokenizer = Tokenizer.from_file(str(options.out / "tokenizer.json"))
    else:
        tokenizer = make_tokenizer(options.out, options.workers)
    print(f"tokenizer: {tokenizer.get_vocab_size()} tokens, {time.time() - began:.0f} s")
    packing = (options.out / "tokenizer.json", options.rows, options.length)
    batches = Batches(packing, options.seed, options.steps, options.workers)      # forks before CUDA starts
    held_out = [Packer(*packing).batch("held-out", i) for i in range(8)]

    torch.manual_seed(0)
    torch.set_float32_matmul_precision("high")
    ids = [tokenizer.token_to_id(mark) for mark in SPECIAL]
    config = Qwen3Config(
        vocab_size=VOCABULARY, hidden_size=384, intermediate_size=1024, num_hidden_layers=10, num_attention_heads=6,
        num_key_value_heads=2, head_dim=64, max_position_embeddings=2048, tie_word_embeddings=True, rms_norm_eps=1e-6,
        rope_theta=10000.0, bos_token_id=None, eos_token_id=ids[2], pad_token_id=ids[0], attn_implementation="sdpa")
    model = Qwen3ForCausalLM(config)
    if options.init:
        model.load_state_dict(Qwen3ForCausalLM.from_pretrained(options.init, dtype=torch.float32).state_dict())
    model = model.cuda().train()
    parameters = sum(parameter.numel() for parameter in model.parameters())
    decayed = [parameter for parameter in model.parameters() if parameter.dim() > 1]
    kept = [parameter for parameter in model.parameters() if parameter.dim() == 1]
    optimizer = torch.optim.AdamW([{"params": decayed, "weight_decay": 0.1}, {"params": kept, "weight_decay": 0.0}],
                                  lr=options.lr, betas=(0.9, 0.95), fused=True)
    loss_of = torch.compile(weighted_loss)
    held_out = [torch.from_numpy(batch.astype(np.int64)).cuda() for batch in held_out]

    curve, waited, started, last = [], 0.0, None, time.time()
    running = torch.zeros(2, device="cuda")
    source = iter(batches)
    for step in range(options.steps):
        asked = time.time()
        batch = next(source)
        waited += time.time() - asked
        batch = torch.from_numpy(batch.astype(np.int64)).pin_memory().cuda(non_blocking=True)
        rate = learning_rate(step, options.steps, options.lr, options.warmup)
        for group in optimizer.param_groups:
            group["lr"] = rate
        with torch.autocast("cuda", torch.bfloat16):
            total, weight, write_total, write_weight = loss_of(model, batch)
        (total / weight).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        running += torch.stack([(total / weight).detach(), (write_total / write_weight).detach()])
        if step == 20:
            torch.cuda.synchronize()
            started = time.time()
            print(f"first 20 steps done, {started - began:.0f} s since start")
        if (step + 1) % 50 == 0 or step + 1 == options.steps:
            since = (step % 50) + 1
            mean = (running / since).tolist()
            running.zero_()
            row = {"step": step + 1, "tokens": (step + 1) * options.rows * options.length, "seconds": round(time.time() - began, 1),
                   "lr": round(rate, 7), "loss": round(mean[0], 4), "assistant_loss": round(mean[1], 4), "held_out": "", "held_out_assistant": ""}
            if (step + 1) % 1000 == 0 or step + 1 == options.steps:
                whole, says = evaluate(loss_of, model, held_out)
                row["held_out"], row["held_out_assistant"] = round(float(whole), 4), round(float(says), 4)
            curve.append(row)
            if (step + 1) % 500 == 0 or step + 1 == options.steps:
                speed = (step - 20) * options.rows * options.length / (time.time() - started)
                print(row, f"{speed / 1e6:.2f} M tokens/s, waited {waited:.0f} s for text")
            if (step + 1) % 3000 == 0:
                save(model, options.out, ids)
    trained = time.time() - started
    save(model, options.out, ids)
    with open(log / "loss.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, curve[0])
        writer.writeheader()
        writer.writerows(curve)
    summary = {"machine": torch.cuda.get_device_name(), "torch": torch.__version__, "parameters": parameters, "steps": options.steps,
               "tokens": options.steps * options.rows * options.length, "rows": options.rows, "length": options.length,
               "seconds": round(time.time() - began, 1), "tokens_per_second": round((options.steps - 20) * options.rows * options.length / trained),
               "waited_seconds": round(waited, 1), "peak_lr": options.lr, "last": curve[-1]}
    (log / "training.json").write_text(json.dumps(summary, indent=2) + "\n")
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
