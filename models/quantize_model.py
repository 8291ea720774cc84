#!/usr/bin/env python3
"""Writes a Qwen3 folder in BF16 again in other formats, to measure what each of them loses (`ingot perplexity`).

    quantize_model.py ingot-small FOLDER            every format there is
    quantize_model.py ingot-small FOLDER q4_0 mlx4  these

mlx3, mlx4, mlx6 and mlx8 are MLX's affine mode by groups of 64, mxfp4 is MLX's mode of that name: folders of their own. f16, q8_0,
q4_0, q4_k, q6_k and gguf-mxfp4 are GGUF files. Rows that blocks of 256 do not divide are written as Q5_0 beside Q4_K and as Q8_0 beside
Q6_K, as llama.cpp does. Values are rounded to the nearest, block by block, without data to calibrate with.

Needs numpy.
"""

import argparse
import json
import shutil
import struct
from pathlib import Path

import numpy as np

import random_gguf

GROUP = 64
E2M1 = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6], np.float32)


def bf16_floats(data):
    return (data.astype(np.uint32) << 16).view(np.float32)


def to_bf16(x):
    bits = np.ascontiguousarray(x, np.float32).view(np.uint32)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype(np.uint16)


def ratio(a, b):
    """a / b, and 0 where b is."""
    return np.divide(a, b, out=np.zeros(np.broadcast(a, b).shape, np.float32), where=b != 0)


def packed_bits(q, bits):
    """Levels as one stream of bits, the lowest first, in words of 32."""
    stream = (q[..., None] >> np.arange(bits, dtype=np.uint8) & 1).reshape(q.shape[0], -1)
    return np.packbits(stream, axis=1, bitorder="little").view(np.uint32)


# ---------------------------------------------------------------- MLX


def affine(w, bits):
    """What mlx.core.quantize makes: the edge of a group that is farther from 0 is met exactly."""
    groups = w.reshape(w.shape[0], -1, GROUP)
    low, high = groups.min(-1), groups.max(-1)
    edge = np.where(np.abs(low) > np.abs(high), low, high)
    scale = np.maximum((high - low) / (2**bits - 1), 1e-7) * np.where(edge == low, 1, -1)
    steps = np.round(edge / scale)
    scale = np.where(steps != 0, ratio(edge, steps), scale).astype(np.float32)
    bias = np.where(steps != 0, edge, 0).astype(np.float32)
    scale, bias = bf16_floats(to_bf16(scale)), bf16_floats(to_bf16(bias))
    q = np.clip(np.round((groups - bias[..., None]) / scale[..., None]), 0, 2**bits - 1).astype(np.uint8)
    return packed_bits(q.reshape(w.shape), bits), to_bf16(scale), to_bf16(bias)


def e2m1(w):
    """Exponents and levels of groups of 32: of the two exponents that may fit, the one that errs less."""
    groups = w.reshape(w.shape[0], -1, 32)
    top = np.abs(groups).max(-1)
    least = np.floor(np.log2(np.maximum(top, 1e-30))).astype(np.int32) - 2
    best = None
    for exponent in (least, least + 1):
        scaled = groups / np.exp2(exponent)[..., None]
        level = np.abs(np.abs(scaled)[..., None] - E2M1).argmin(-1)
        error = ((np.abs(scaled) - E2M1[level]) ** 2).sum(-1) * np.exp2(2.0 * exponent)
        q = (level | (scaled < 0) << 3).astype(np.uint8)
        if best is None:
            best = (exponent, q, error)
        else:
            less = error < best[2]
            best = (np.where(less, exponent, best[0]), np.where(less[..., None], q, best[1]), None)
    return np.clip(best[0] + 127, 0, 254).astype(np.uint8), best[1]


def write_mlx(source, target, kind, tensors):
    target.mkdir(parents=True, exist_ok=True)
    for file in ("tokenizer.json", "tokenizer_config.json", "generation_config.json"):
        shutil.copy(source / file, target / file)
    mode, bits, group = ("mxfp4", 4, 32) if kind == "mxfp4" else ("affine", int(kind[3:]), GROUP)
    config = json.loads((source / "config.json").read_text())
    config["quantization"] = {"group_size": group, "bits": bits, "mode": mode}
    (target / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    out = {}
    for name, w in tensors.items():
        module = name.removesuffix(".weight")
        if w.ndim == 1:
            out[name] = ("BF16", to_bf16(w))
        elif mode == "mxfp4":
            exponents, q = e2m1(w)
            out[name] = ("U32", packed_bits(q.reshape(w.shape), 4))
            out[module + ".scales"] = ("U8", exponents)
        else:
            q, scales, biases = affine(w, bits)
            out[name] = ("U32", q)
            out[module + ".scales"] = ("BF16", scales)
            out[module + ".biases"] = ("BF16", biases)
    header, offset = {}, 0
    for name, (dtype, data) in out.items():
        header[name] = {"dtype": dtype, "shape": data.shape, "data_offsets": [offset, offset + data.nbytes]}
        offset += data.nbytes
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 8)
    with open(target / "model.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(head)) + head)
        for _, data in out.values():
            file.write(data.tobytes())


# ---------------------------------------------------------------- GGUF: blocks [count, elements] to bytes [count, size]


def halves(x):
    return np.ascontiguousarray(x, np.float16).view(np.uint8).reshape(len(x), 2)


def signed_edge(x):
    return np.take_along_axis(x, np.abs(x).argmax(-1)[..., None], -1)[..., 0]


def nibbles(q):
    """The first half of the levels in the lower halves of the bytes."""
    half = q.shape[-1] // 2
    return q[..., :half] | q[..., half:] << 4


def q8_0(x):
    d = np.abs(x).max(-1) / 127
    q = np.round(ratio(x, d[:, None])).astype(np.int8)
    return np.hstack([halves(d), q.view(np.uint8)])


def q4_0(x):
    d = signed_edge(x) / -8
    q = np.minimum(15, np.floor(ratio(x, d[:, None]) + 8.5)).astype(np.uint8)
    return np.hstack([halves(d), nibbles(q)])


def q5_0(x):
    d = signed_edge(x) / -16
    q = np.minimum(31, np.floor(ratio(x, d[:, None]) + 16.5)).astype(np.uint8)
    return np.hstack([halves(d), np.packbits(q >> 4, axis=-1, bitorder="little"), nibbles(q & 15)])


def mxfp4(x):
    exponents, q = e2m1(x)
    return np.hstack([exponents, nibbles(q.reshape(x.shape))])


def q4_k(x):
    parts = x.reshape(-1, 8, 32)
    low = np.minimum(parts.min(-1), 0)
    scale = (parts.max(-1) - low) / 15
    d, dmin = (np.float16(v.max(-1) / 63).astype(np.float32)[:, None] for v in (scale, -low))
    s, m = (np.clip(np.round(ratio(v, u)), 0, 63).astype(np.uint8) for v, u in ((scale, d), (-low, dmin)))
    q = np.clip(np.round(ratio(parts + (dmin * m)[..., None], (d * s)[..., None])), 0, 15).astype(np.uint8)
    pairs = q.reshape(-1, 4, 2, 32)
    packed = np.hstack([s[:, :4] | s[:, 4:] >> 4 << 6, m[:, :4] | m[:, 4:] >> 4 << 6, s[:, 4:] & 15 | (m[:, 4:] & 15) << 4])
    return np.hstack([halves(d), halves(dmin), packed, (pairs[:, :, 0] | pairs[:, :, 1] << 4).reshape(-1, 128)])


def q6_k(x):
    parts = x.reshape(-1, 16, 16)
    scale = signed_edge(parts) / -32
    d = np.float16(signed_edge(scale) / -128).astype(np.float32)[:, None]
    s = np.clip(np.round(ratio(scale, d)), -128, 127).astype(np.int8)
    q = np.clip(np.round(ratio(parts, (d * s)[..., None])) + 32, 0, 63).astype(np.uint8).reshape(-1, 2, 4, 32)
    low = (q[:, :, :2] & 15) | (q[:, :, 2:] & 15) << 4
    high = (q >> 4 << np.array([0, 2, 4, 6], np.uint8)[:, None]).sum(2, dtype=np.uint8)
    return np.hstack([low.reshape(-1, 128), high.reshape(-1, 64), s.view(np.uint8), halves(d)])


def f16(x):
    return np.ascontiguousarray(x, np.float16).view(np.uint8)


# GGUF's code of a type, and of a file whose matrices are mostly of it; elements of a block; its writer.
BLOCKS = {
    "f16": (1, 1, 1, f16),
    "q8_0": (8, 7, 32, q8_0),
    "q4_0": (2, 2, 32, q4_0),
    "q5_0": (6, 8, 32, q5_0),
    "q4_k": (12, 14, 256, q4_k),
    "q6_k": (14, 18, 256, q6_k),
    "gguf-mxfp4": (39, 38, 32, mxfp4),
}
FALLBACK = {"q4_k": "q5_0", "q6_k": "q8_0"}


class Vocabulary:
    """What random_gguf.pairs asks of a tokenizer."""

    pre = "qwen2"

    def __init__(self, folder):
        model = json.loads((folder / "tokenizer.json").read_text())
        config = json.loads((folder / "config.json").read_text())
        ids = model["model"]["vocab"] | {t["content"]: t["id"] for t in model["added_tokens"]}
        self.tokens = sorted(ids, key=ids.get)
        self.merges = [m if isinstance(m, list) else m.split(" ") for m in model["model"]["merges"]]
        self.end_of_text = min(t["id"] for t in model["added_tokens"])
        self.end_of_turn = config["eos_token_id"]


def write_gguf(source, target, kind, tensors):
    config = json.loads((source / "config.json").read_text())
    config["rope_theta"] = config["rope_parameters"]["rope_theta"]
    metadata = random_gguf.pairs(BLOCKS[kind][1], config, Vocabulary(source), source.resolve().name)
    entries = []
    for name, w in tensors.items():
        if w.ndim == 1:
            entries.append((random_gguf.gguf_name(name), w.shape, 0, w.astype(np.float32).tobytes()))
            continue
        code, _, elements, blocks_of = BLOCKS[kind if w.shape[1] % BLOCKS[kind][2] == 0 else FALLBACK[kind]]
        entries.append((random_gguf.gguf_name(name), w.shape[::-1], code, blocks_of(w.reshape(-1, elements)).tobytes()))
    random_gguf.write_file(target, metadata, [(*e[:3], len(e[3]), lambda out, data=e[3]: out.write(data)) for e in entries])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="folder of a Qwen3 in BF16")
    parser.add_argument("out", type=Path, help="folder for what is written")
    mlx = ["mlx3", "mlx4", "mlx6", "mlx8", "mxfp4"]
    formats = mlx + [k for k in BLOCKS if k != "q5_0"]
    parser.add_argument("formats", nargs="*", metavar="FORMAT", help=", ".join(formats))
    options = parser.parse_args()
    if unknown := set(options.formats) - set(formats):
        raise SystemExit(f"no format {', '.join(sorted(unknown))}; expected some of {', '.join(formats)}")
    data = (options.model / "model.safetensors").read_bytes()
    (size,) = struct.unpack("<Q", data[:8])
    tensors = {}
    for name, entry in json.loads(data[8 : 8 + size]).items():
        if name != "__metadata__":
            if entry["dtype"] != "BF16":
                raise SystemExit(f"{name} is {entry['dtype']}, expected BF16")
            begin, end = entry["data_offsets"]
            tensors[name] = bf16_floats(np.frombuffer(data[8 + size + begin : 8 + size + end], np.uint16)).reshape(entry["shape"])
    options.out.mkdir(parents=True, exist_ok=True)
    for kind in options.formats or formats:
        if kind in mlx:
            write_mlx(options.model, options.out / kind, kind, tensors)
        else:
            write_gguf(options.model, options.out / f"{kind}.gguf", kind, tensors)


if __name__ == "__main__":
    main()
