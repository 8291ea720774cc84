"""Writes the weights of make_random_model.py as GGUF, so that llama.cpp can be measured with the same numbers."""

import re
import struct
from array import array

ALIGNMENT = 32
BLOCK = 32

# What a value is, in a key/value pair: GGUF's codes.
U32, I32, F32, BOOL, STRING, ARRAY = 4, 5, 6, 7, 8, 9

# Tensor types, and the bytes of BLOCK values.
TYPES = {"bf16": (30, 64), "q8_0": (8, 34), "q4_0": (2, 18)}
TENSOR_F32 = 0

FILE_TYPE = {"bf16": 32, "q8_0": 7, "q4_0": 2}

NAMES = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "lm_head": "output",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "mlp.gate": "ffn_gate_inp",
    "mlp.experts.gate_proj": "ffn_gate_exps",
    "mlp.experts.up_proj": "ffn_up_exps",
    "mlp.experts.down_proj": "ffn_down_exps",
}

ARCHITECTURES = {"llama": "llama", "qwen3": "qwen3", "qwen3_moe": "qwen3moe"}


def gguf_name(name):
    """`model.layers.3.mlp.up_proj.weight` is `blk.3.ffn_up.weight`; all experts' are one."""
    module = re.sub(r"\.experts\.\d+\.", ".experts.", name.removesuffix(".weight"))
    if module.startswith("model.layers."):
        layer, module = module.removeprefix("model.layers.").split(".", 1)
        return f"blk.{layer}.{NAMES[module]}.weight"
    return NAMES[module] + ".weight"


def text(value):
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def value_of(kind, value):
    if kind == STRING:
        return text(value)
    return struct.pack({U32: "<I", I32: "<i", F32: "<f", BOOL: "<?"}[kind], value)


def pair(key, kind, value):
    return text(key) + struct.pack("<I", kind) + value_of(kind, value)


def list_pair(key, kind, values):
    head = struct.pack("<IIQ", ARRAY, kind, len(values))
    return text(key) + head + b"".join(value_of(kind, v) for v in values)


def pairs(file_type, config, tokenizer, name="random weights"):
    """The key/value pairs of a Llama, Qwen3 or Qwen3-MoE model with a byte-level BPE."""
    family = ARCHITECTURES[config["model_type"]]
    out = [
        pair("general.architecture", STRING, family),
        pair("general.name", STRING, name),
        pair("general.file_type", U32, file_type),
        pair("general.quantization_version", U32, 2),
        pair("general.alignment", U32, ALIGNMENT),
        pair(f"{family}.block_count", U32, config["num_hidden_layers"]),
        pair(f"{family}.context_length", U32, config["max_position_embeddings"]),
        pair(f"{family}.embedding_length", U32, config["hidden_size"]),
        pair(f"{family}.feed_forward_length", U32, config["intermediate_size"]),
        pair(f"{family}.attention.head_count", U32, config["num_attention_heads"]),
        pair(f"{family}.attention.head_count_kv", U32, config["num_key_value_heads"]),
        pair(f"{family}.attention.key_length", U32, config["head_dim"]),
        pair(f"{family}.attention.value_length", U32, config["head_dim"]),
        pair(f"{family}.attention.layer_norm_rms_epsilon", F32, config["rms_norm_eps"]),
        pair(f"{family}.rope.freq_base", F32, config["rope_theta"]),
        pair(f"{family}.rope.dimension_count", U32, config["head_dim"]),
        pair(f"{family}.vocab_size", U32, config["vocab_size"]),
        pair("tokenizer.ggml.model", STRING, "gpt2"),
        pair("tokenizer.ggml.pre", STRING, tokenizer.pre),
        list_pair("tokenizer.ggml.tokens", STRING, tokenizer.tokens),
        # 1 is a normal token, 3 a control token.
        list_pair("tokenizer.ggml.token_type", I32,
                  [3 if i >= tokenizer.end_of_text else 1 for i in range(len(tokenizer.tokens))]),
        list_pair("tokenizer.ggml.merges", STRING, [" ".join(p) for p in tokenizer.merges]),
        pair("tokenizer.ggml.bos_token_id", U32, tokenizer.end_of_text),
        pair("tokenizer.ggml.eos_token_id", U32, tokenizer.end_of_turn),
        pair("tokenizer.ggml.add_bos_token", BOOL, False),
    ]
    if "num_experts" in config:
        out += [
            pair(f"{family}.expert_count", U32, config["num_experts"]),
            pair(f"{family}.expert_used_count", U32, config["num_experts_per_tok"]),
            pair(f"{family}.expert_feed_forward_length", U32, config["moe_intermediate_size"]),
        ]
    return out


def llama3_factors(config):
    """What Llama 3.1 divides its rotary frequencies by (llama.cpp wants a table)."""
    scaling = config["rope_scaling"]
    half, pi = config["head_dim"] // 2, 3.141592653589793
    low = scaling["original_max_position_embeddings"] / scaling["low_freq_factor"]
    high = scaling["original_max_position_embeddings"] / scaling["high_freq_factor"]
    for i in range(half):
        wavelength = 2 * pi * config["rope_theta"] ** (i / half)
        if wavelength < high:
            yield 1.0
        elif wavelength > low:
            yield scaling["factor"]
        else:
            smooth = (scaling["original_max_position_embeddings"] / wavelength - scaling["low_freq_factor"]) / (
                scaling["high_freq_factor"] - scaling["low_freq_factor"]
            )
            yield 1 / ((1 - smooth) / scaling["factor"] + smooth)


def floats(tile):
    """A tile of bf16 as floats."""
    halves = array("H", tile)
    singles = array("I", (h << 16 for h in halves))
    return array("f", singles.tobytes())


def q8_0(block):
    largest = max(map(abs, block))
    d = largest / 127
    scale = 1 / d if d else 0
    return struct.pack("<e32b", d, *(round(x * scale) for x in block))


def q4_0(block):
    edge = max(block, key=abs)
    d = edge / -8
    scale = 1 / d if d else 0
    q = [min(15, int(x * scale + 8.5)) for x in block]
    return struct.pack("<e16B", d, *(q[j] | q[j + 16] << 4 for j in range(16)))


def quantize(tile, kind):
    """A whole tile, block by block: rows begin at blocks, so that theirs can be cut out of it."""
    if kind == "bf16":
        return tile
    values, block_of = floats(tile), {"q8_0": q8_0, "q4_0": q4_0}[kind]
    return b"".join(block_of(values[i : i + BLOCK]) for i in range(0, len(values), BLOCK))


def rotary_order(rows, heads):
    """llama.cpp keeps the two halves of a Llama head interleaved: row i of a head, then row i + half."""
    head_dim = len(rows) // heads
    half = head_dim // 2
    return [rows[h * head_dim + i + j * half] for h in range(heads) for i in range(half) for j in range(2)]


def write(path, kind, config, tokenizer, tensors, weights):
    """Quantized or not, all matrices are of one type (llama.cpp calls that pure), but routers, which are in F32."""
    if config["model_type"] not in ARCHITECTURES:
        raise SystemExit(f"no GGUF of {config['model_type']} is written yet")
    code, block_bytes = TYPES[kind]
    entries = []  # name, dims, type, bytes, content: bytes or the matrices that lie one behind the other
    matrices = {}
    if config.get("rope_scaling"):
        factors = array("f", llama3_factors(config)).tobytes()
        entries.append(("rope_freqs.weight", [len(factors) // 4], TENSOR_F32, len(factors), factors))
    for t in tensors:
        name, size = gguf_name(t.name), t.columns * 4
        if t.scale is None:
            entries.append((name, [t.columns], TENSOR_F32, size, array("f", [1.0] * t.columns).tobytes()))
        elif name.endswith("ffn_gate_inp.weight"):
            entries.append((name, [t.columns, t.rows], TENSOR_F32, t.rows * size, router(t, weights)))
        else:
            count = config["num_experts"] if "_exps." in name else 1
            if name not in matrices:
                size = count * t.rows * t.columns // BLOCK * block_bytes
                matrices[name] = []
                entries.append((name, [t.columns, t.rows, count][: 3 if count > 1 else 2], code, size, matrices[name]))
            matrices[name].append(t)

    tiles = {}

    def write_content(out, content):
        if isinstance(content, bytes):
            out.write(content)
            return
        for t in content:
            if t.scale not in tiles:
                tiles[t.scale] = memoryview(quantize(weights.tile(t.scale), kind))
            write_matrix(out, t, tiles[t.scale], config, weights, block_bytes)

    write_file(path, pairs(FILE_TYPE[kind], config, tokenizer), [
        (*entry, lambda out, content=content: write_content(out, content)) for *entry, content in entries])


def router(tensor, weights):
    tile = weights.tile(tensor.scale)
    rows = (tile[2 * at : 2 * (at + tensor.columns)] for at in weights.row_offsets(tensor))
    return b"".join(floats(row).tobytes() for row in rows)


def write_file(path, metadata, entries):
    """A file of these pairs and tensors: name, dimensions, type, bytes, and what writes them to a file."""
    with open(path, "wb") as out:
        out.write(b"GGUF" + struct.pack("<IQQ", 3, len(entries), len(metadata)))
        out.write(b"".join(metadata))
        offset = 0
        for name, dims, type_code, size, _ in entries:
            out.write(text(name) + struct.pack("<I", len(dims)) + struct.pack(f"<{len(dims)}Q", *dims))
            out.write(struct.pack("<IQ", type_code, offset))
            offset += size + -size % ALIGNMENT
        out.write(b"\0" * (-out.tell() % ALIGNMENT))
        for *_, size, write_content in entries:
            write_content(out)
            out.write(b"\0" * (-size % ALIGNMENT))


def write_matrix(out, tensor, tile, config, weights, block_bytes):
    row_bytes = tensor.columns // BLOCK * block_bytes
    offsets = [offset // BLOCK * block_bytes for offset in weights.row_offsets(tensor)]
    if config["model_type"] == "llama" and tensor.name.endswith(("q_proj.weight", "k_proj.weight")):
        offsets = rotary_order(offsets, tensor.rows // config["head_dim"])
    for offset in offsets:
        out.write(tile[offset : offset + row_bytes])
