#!/usr/bin/env python3
"""Makes tiny checkpoints with random weights, one per way of writing a model down, and what transformers computes with them.

    python3 tiny_goldens.py --out ../it-tests/src/test/resources/goldens

Each folder holds config.json, the weights and golden.json. The weights are large enough that the outputs vary, and seeds are tried
until no two tokens at the top are within `MIN_GAP` of each other.
"""

import argparse
import json
import random
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import AutoConfig, AutoModelForCausalLM

from goldens import MIN_GAP, exact, greedy, load

LENGTHS = (1, 2, 17, 33, 70)
TOKENS = 24

LLAMA = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 131, "hidden_size": 40, "intermediate_size": 100,
         "num_hidden_layers": 2, "num_attention_heads": 5, "num_key_value_heads": 5, "max_position_embeddings": 256, "hidden_act": "silu",
         "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "tie_word_embeddings": False, "attention_bias": False, "mlp_bias": False,
         "bos_token_id": None, "eos_token_id": None}
QWEN3 = {"architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "vocab_size": 157, "hidden_size": 56, "intermediate_size": 100,
         "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 32, "max_position_embeddings": 256,
         "hidden_act": "silu", "rms_norm_eps": 1e-6, "tie_word_embeddings": True, "attention_bias": False, "use_sliding_window": False,
         "bos_token_id": None, "eos_token_id": None}

# name: (config.json, dtype of the weights, shards)
VARIANTS = {
    "llama-tied-f32": ({**LLAMA, "tie_word_embeddings": True, "torch_dtype": "float32"}, torch.float32, 1),
    "llama-untied-bf16": ({**LLAMA, "hidden_size": 56, "num_attention_heads": 8, "num_key_value_heads": 2, "head_dim": 24,
                           "torch_dtype": "bfloat16"}, torch.bfloat16, 1),
    "llama3-rope-f16": ({**LLAMA, "hidden_size": 64, "num_attention_heads": 4, "num_key_value_heads": 1, "tie_word_embeddings": True,
                         "torch_dtype": "float16",
                         "rope_scaling": {"factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                                          "original_max_position_embeddings": 64, "rope_type": "llama3"}}, torch.float16, 1),
    "llama-linear-rope": ({**LLAMA, "num_key_value_heads": 1, "torch_dtype": "float32",
                           "rope_scaling": {"type": "linear", "factor": 4.0}}, torch.float32, 1),
    "llama-sharded": ({**LLAMA, "num_hidden_layers": 3, "torch_dtype": "bfloat16"}, torch.bfloat16, 2),
    "llama-biased-f32": ({**LLAMA, "attention_bias": True, "mlp_bias": True, "torch_dtype": "float32"}, torch.float32, 1),
    "qwen3-new-spelling": ({**QWEN3, "dtype": "bfloat16", "rope_parameters": {"rope_theta": 1000000.0, "rope_type": "default"}}, torch.bfloat16, 1),
    "qwen3-untied-f32": ({**QWEN3, "tie_word_embeddings": False, "vocab_size": 149, "hidden_size": 40, "intermediate_size": 68,
                          "head_dim": 24, "torch_dtype": "float32",
                          "rope_theta": 10000.0, "rope_scaling": None}, torch.float32, 1),
}
ROPE_TYPES = {"llama3-rope-f16": "llama3", "llama-linear-rope": "linear"}


def write_weights(folder, config, dtype, shards, seed):
    generator = torch.Generator().manual_seed(seed)
    weights = {}
    for name, tensor in AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(folder)).state_dict().items():
        if name == "lm_head.weight" and config["tie_word_embeddings"]:
            continue
        values = torch.randn(tensor.shape, generator=generator)
        weights[name] = ((1 + 0.3 * values) if "norm" in name else 0.25 * values).to(dtype).contiguous()
    if shards == 1:
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
        return
    names, where = list(weights), {}
    for shard in range(shards):
        file = f"model-{shard + 1:05d}-of-{shards:05d}.safetensors"
        part = {name: weights[name] for name in names[shard::shards]}      # dealt out, so that every layer is in both files
        save_file(part, folder / file, metadata={"format": "pt"})
        where.update({name: file for name in part})
    size = sum(tensor.numel() * tensor.element_size() for tensor in weights.values())
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {"total_size": size}, "weight_map": dict(sorted(where.items()))}, indent=1) + "\n")


def make(folder, config, dtype, shards):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    for seed in range(1000):
        write_weights(folder, config, dtype, shards, seed)
        model = load(folder)
        assert model.model.rotary_emb.rope_type == ROPE_TYPES.get(folder.name, "default"), model.model.rotary_emb.rope_type
        rng = random.Random(seed)
        goldens = []
        for length in LENGTHS:
            prompt = [rng.randrange(config["vocab_size"]) for _ in range(length)]
            goldens.append({"name": f"length-{length}", "prompt_token_ids": prompt, **greedy(model, prompt, TOKENS)})
            if goldens[-1]["min_gap"] < MIN_GAP:
                break
        else:
            break
    varied = len({token for each in goldens for token in each["token_ids"]})
    about = {"model": folder.name, "dtype": "float32 (weights upcast)", "attention": "eager", "seed": seed, "max_new_tokens": TOKENS,
             "min_gap": min(each["min_gap"] for each in goldens)}
    (folder / "golden.json").write_text(json.dumps({**about, "goldens": goldens}, indent=1) + "\n")
    size = sum(file.stat().st_size for file in folder.iterdir())
    print(f"{folder.name}: seed {seed}, min gap {about['min_gap']}, {varied} different tokens, {size // 1024} KiB")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    exact()
    for name, (config, dtype, shards) in VARIANTS.items():
        make(options.out / name, config, dtype, shards)


if __name__ == "__main__":
    main()
