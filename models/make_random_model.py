#!/usr/bin/env python3
"""Writes a model folder of a real shape with random weights, so that speed can be measured without a download.

    make_random_model.py qwen3-0.6b FOLDER                a Hugging Face folder
    make_random_model.py qwen3-0.6b FOLDER --gguf q8_0    the same weights for llama.cpp as well
    make_random_model.py qwen3-30b-a3b FOLDER --mlx       random levels of 4 bits, as MLX lays them out, and nothing else

Needs nothing but Python. The same shape and seed give the same bytes. What the model says is noise; what
it costs is what the real one costs: every matrix has its real shape and takes its own place in the file.

Weights are normal with a deviation of 0.02, the projections back into the residual stream less (as GPT-2
starts them); norms are 1. To be quick, they are cut out of one tile of random numbers, from another place for
every row, so that no two matrices are the same.
"""

import argparse
import json
import random
import struct
import sys
from array import array
from pathlib import Path
from statistics import NormalDist

import random_tokenizer

DEVIATION = 0.02
TILE_VALUES = 1 << 22
BLOCK = 32  # values that GGUF quantizes together: rows are cut at multiples of it


def dense(hidden, layers, heads, kv_heads, head_dim, intermediate, vocabulary, tied=True, **more):
    """The fields of config.json that every architecture has."""
    return dict(
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=kv_heads,
        head_dim=head_dim,
        intermediate_size=intermediate,
        vocab_size=vocabulary,
        tie_word_embeddings=tied,
        attention_bias=False,
        attention_dropout=0.0,
        hidden_act="silu",
        initializer_range=DEVIATION,
        dtype="bfloat16",
        **more,
    )


QWEN3 = dict(
    architectures=["Qwen3ForCausalLM"],
    model_type="qwen3",
    rms_norm_eps=1e-6,
    rope_theta=1000000,
    rope_scaling=None,
    max_position_embeddings=40960,
    use_sliding_window=False,
)
QWEN3_MOE = QWEN3 | dict(
    architectures=["Qwen3MoeForCausalLM"],
    model_type="qwen3_moe",
    decoder_sparse_step=1,
    mlp_only_layers=[],
    norm_topk_prob=True,
)
LLAMA = dict(
    architectures=["LlamaForCausalLM"],
    model_type="llama",
    rms_norm_eps=1e-5,
    rope_theta=500000.0,
    rope_scaling=dict(
        factor=32.0,
        high_freq_factor=4.0,
        low_freq_factor=1.0,
        original_max_position_embeddings=8192,
        rope_type="llama3",
    ),
    max_position_embeddings=131072,
    mlp_bias=False,
)

MISTRAL = dict(
    architectures=["MistralForCausalLM"],
    model_type="mistral",
    rms_norm_eps=1e-5,
    rope_theta=1000000000.0,
    rope_scaling=None,
    max_position_embeddings=131072,
    sliding_window=None,
)

SHAPES = {
    "tiny": QWEN3 | dense(64, 2, 4, 2, 32, 128, 1024, max_position_embeddings=4096),
    "qwen3-0.6b": QWEN3 | dense(1024, 28, 16, 8, 128, 3072, 151936),
    "qwen3-1.7b": QWEN3 | dense(2048, 28, 16, 8, 128, 6144, 151936),
    "qwen3-4b": QWEN3 | dense(2560, 36, 32, 8, 128, 9728, 151936),
    "llama-3.2-1b": LLAMA | dense(2048, 16, 32, 8, 64, 8192, 128256),
    "qwen3-30b-a3b": QWEN3_MOE
    | dense(2048, 48, 32, 4, 128, 6144, 151936, tied=False, moe_intermediate_size=768, num_experts=128, num_experts_per_tok=8),
    # Devstral and Mistral Small 3: heads that are narrower than hidden / heads.
    "mistral-24b": MISTRAL | dense(5120, 40, 32, 8, 128, 32768, 131072, tied=False),
    # Of Qwen3-30B-A3B what fits a small machine: its head size, and 4 of 32 experts a token.
    "qwen3-moe": QWEN3_MOE
    | dense(1024, 12, 16, 4, 128, 3072, 151936, moe_intermediate_size=512, num_experts=32, num_experts_per_tok=4),
}


class Tensor:
    """A tensor of the folder: `scale` is its weights' deviation, None for a vector of ones; `experts` have one each."""

    def __init__(self, name, shape, scale, experts=0):
        self.name, self.shape, self.scale, self.experts = name, shape, scale, experts
        self.rows, self.columns = (shape if len(shape) == 2 else (1, shape[0]))


def tensors(c):
    """The tensors of a configuration, in the order of the computation."""
    hidden, head_dim = c["hidden_size"], c["head_dim"]
    queries, keys = c["num_attention_heads"] * head_dim, c["num_key_value_heads"] * head_dim
    back = DEVIATION / (2 * c["num_hidden_layers"]) ** 0.5

    def mlp(prefix, intermediate, experts=0):
        yield Tensor(prefix + "gate_proj.weight", (intermediate, hidden), DEVIATION, experts)
        yield Tensor(prefix + "up_proj.weight", (intermediate, hidden), DEVIATION, experts)
        yield Tensor(prefix + "down_proj.weight", (hidden, intermediate), back, experts)

    yield Tensor("model.embed_tokens.weight", (c["vocab_size"], hidden), DEVIATION)
    for layer in range(c["num_hidden_layers"]):
        prefix = f"model.layers.{layer}."
        attention = prefix + "self_attn."
        yield Tensor(prefix + "input_layernorm.weight", (hidden,), None)
        yield Tensor(attention + "q_proj.weight", (queries, hidden), DEVIATION)
        yield Tensor(attention + "k_proj.weight", (keys, hidden), DEVIATION)
        yield Tensor(attention + "v_proj.weight", (keys, hidden), DEVIATION)
        if c["model_type"].startswith("qwen3"):
            yield Tensor(attention + "q_norm.weight", (head_dim,), None)
            yield Tensor(attention + "k_norm.weight", (head_dim,), None)
        yield Tensor(attention + "o_proj.weight", (hidden, queries), back)
        yield Tensor(prefix + "post_attention_layernorm.weight", (hidden,), None)
        if "num_experts" in c:
            yield Tensor(prefix + "mlp.gate.weight", (c["num_experts"], hidden), DEVIATION)
            for expert in range(c["num_experts"]):
                yield from mlp(f"{prefix}mlp.experts.{expert}.", c["moe_intermediate_size"], c["num_experts"])
        else:
            yield from mlp(prefix + "mlp.", c["intermediate_size"])
    yield Tensor("model.norm.weight", (hidden,), None)
    if not c["tie_word_embeddings"]:
        yield Tensor("lm_head.weight", (c["vocab_size"], hidden), DEVIATION)


def bf16(value):
    """To the nearest; bits."""
    bits = struct.unpack("<I", struct.pack("<f", value))[0]
    return (bits + 0x7FFF + (bits >> 16 & 1)) >> 16


class RandomWeights:
    """Normal numbers for every row of every tensor, the same whatever they are written as."""

    def __init__(self, seed):
        self.seed = seed
        self.tiles = {}

    def tile(self, scale):
        """TILE_VALUES bf16 numbers of that deviation."""
        if scale not in self.tiles:
            normal = NormalDist(0, scale)
            quantiles = [bf16(normal.inv_cdf((i + 0.5) / 65536)) for i in range(65536)]
            draws = array("H", random.Random(f"{self.seed} {scale}").randbytes(2 * TILE_VALUES))
            tile = array("H", map(quantiles.__getitem__, draws))
            if sys.byteorder == "big":
                tile.byteswap()
            self.tiles[scale] = tile.tobytes()
        return self.tiles[scale]

    def row_offsets(self, tensor):
        """Where in the tile each row begins, in values: a multiple of BLOCK."""
        places = random.Random(f"{self.seed} {tensor.name}")
        last = (TILE_VALUES - tensor.columns) // BLOCK
        for _ in range(tensor.rows):
            yield int(places.random() * (last + 1)) * BLOCK


def write_tensor(out, tensor, weights, ones=struct.pack("<H", bf16(1.0))):
    if tensor.scale is None:
        out.write(ones * tensor.columns)
        return
    tile = memoryview(weights.tile(tensor.scale))
    rows = bytearray()
    for offset in weights.row_offsets(tensor):
        rows += tile[2 * offset : 2 * (offset + tensor.columns)]
        if len(rows) > 1 << 24:
            out.write(rows)
            rows.clear()
    out.write(rows)


def write_safetensors(path, all_tensors, weights):
    header, at = {"__metadata__": {"format": "pt"}}, 0
    for t in all_tensors:
        end = at + 2 * t.rows * t.columns
        header[t.name] = {"dtype": "BF16", "shape": list(t.shape), "data_offsets": [at, end]}
        at = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as out:
        out.write(struct.pack("<Q", len(text)))
        out.write(text)
        for t in all_tensors:
            write_tensor(out, t, weights)


MLX_GROUP, MLX_BITS = 64, 4


def mlx_tensors(all_tensors):
    """What MLX has in the place of each tensor: name, dtype, shape, and the numbers it is cut out of.

    Experts' matrices are one tensor for all of them. A level is uniform in 0..15; scales and biases give weights
    of about the deviation that they would have in full.
    """
    for t in all_tensors:
        mixture, _, rest = t.name.partition(".experts.")
        if rest:
            expert, projection = rest.split(".", 1)
            if expert == "0":
                yield from mlx_matrix(f"{mixture}.switch_mlp.{projection}", [t.experts, t.rows], t)
        elif t.scale is None:
            yield t.name, "BF16", [t.columns], None
        else:
            yield from mlx_matrix(t.name, [t.rows], t)


def mlx_matrix(name, rows, t):
    module, groups = name.removesuffix(".weight"), t.columns // MLX_GROUP
    yield name, "U32", [*rows, t.columns * MLX_BITS // 32], "levels"
    yield module + ".scales", "BF16", [*rows, groups], t.scale / 4.6      # deviation of 0..15
    yield module + ".biases", "BF16", [*rows, groups], -7.5 * t.scale / 4.6


def write_mlx(path, all_tensors, seed):
    """One pass, in pieces: nothing but a tile of each kind is held."""
    widths = {"U32": 4, "BF16": 2}
    header, at, entries = {"__metadata__": {"format": "mlx"}}, 0, list(mlx_tensors(all_tensors))
    for name, dtype, shape, _ in entries:
        size = widths[dtype]
        for dimension in shape:
            size *= dimension
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + size]}
        at += size
    levels = random.Random(f"{seed} levels").randbytes((1 << 24) + 4096)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as out:
        out.write(struct.pack("<Q", len(text)))
        out.write(text)
        for name, _, _, content in entries:
            begin, end = header[name]["data_offsets"]
            left = end - begin
            if content == "levels":      # from another place for every piece, so that no two are the same
                places = random.Random(f"{seed} {name}")
                while left > 0:
                    first = places.randrange(4096)
                    piece = memoryview(levels)[first : first + min(left, 1 << 24)]
                    out.write(piece)
                    left -= len(piece)
            else:
                number = struct.pack("<H", bf16(1.0 if content is None else content))
                while left > 0:
                    count = min(left // 2, 1 << 22)
                    out.write(number * count)
                    left -= 2 * count
    return at


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("shape", choices=sorted(SHAPES))
    parser.add_argument("folder", type=Path, help="is made; what it holds of the same name is replaced")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--gguf", nargs="+", default=[], choices=["bf16", "q8_0", "q4_0"],
                        help="also model-TYPE.gguf, beside the safetensors")
    parser.add_argument("--mlx", action="store_true", help="4 bits by groups of 64, as MLX quantizes; instead of weights in full")
    arguments = parser.parse_args()

    tokenizer = random_tokenizer.make(SHAPES[arguments.shape]["vocab_size"])
    config = SHAPES[arguments.shape] | dict(
        bos_token_id=tokenizer.end_of_text, eos_token_id=tokenizer.end_of_turn
    )
    all_tensors = list(tensors(config))
    weights = RandomWeights(arguments.seed)
    folder = arguments.folder
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    tokenizer.write(folder)
    parameters = sum(t.rows * t.columns for t in all_tensors)
    if arguments.mlx:
        config["quantization"] = dict(group_size=MLX_GROUP, bits=MLX_BITS, mode="affine")
        (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
        size = write_mlx(folder / "model.safetensors", all_tensors, arguments.seed)
        print(f"{folder}: {arguments.shape}, {parameters / 1e6:.1f} M parameters in {size / 1e9:.2f} GB, seed {arguments.seed}")
        return
    write_safetensors(folder / "model.safetensors", all_tensors, weights)
    for kind in arguments.gguf:
        import random_gguf

        random_gguf.write(folder / f"model-{kind}.gguf", kind, config, tokenizer, all_tensors, weights)
    print(f"{folder}: {arguments.shape}, {parameters / 1e6:.1f} M parameters, seed {arguments.seed}")


if __name__ == "__main__":
    main()
