#!/usr/bin/env python3
"""Makes tiny checkpoints with random weights, one per way of writing a model down, and what transformers computes with them.

    python3 tiny_goldens.py --out ../it-tests/src/test/resources/goldens

Each folder holds config.json, the weights and golden.json. The weights are large enough that the outputs vary, and seeds are tried
until no two tokens at the top are within `MIN_GAP` of each other.
"""

import argparse
import json
import multiprocessing
import random
import shutil
import tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.integrations.mxfp4 import convert_moe_packed_tensors

from goldens import MIN_GAP, exact, greedy, load

LENGTHS = (1, 2, 17, 33, 70)
WINDOW = 16      # shorter than three of the prompts
TOKENS = 24

LLAMA = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 131, "hidden_size": 40, "intermediate_size": 100,
         "num_hidden_layers": 2, "num_attention_heads": 5, "num_key_value_heads": 5, "max_position_embeddings": 256, "hidden_act": "silu",
         "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "tie_word_embeddings": False, "attention_bias": False, "mlp_bias": False,
         "bos_token_id": None, "eos_token_id": None}
QWEN3 = {"architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "vocab_size": 157, "hidden_size": 56, "intermediate_size": 100,
         "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 32, "max_position_embeddings": 256,
         "hidden_act": "silu", "rms_norm_eps": 1e-6, "tie_word_embeddings": True, "attention_bias": False, "use_sliding_window": False,
         "bos_token_id": None, "eos_token_id": None}

NOBODY = {"bos_token_id": None, "eos_token_id": None}
QWEN2 = {"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "vocab_size": 151, "hidden_size": 48, "intermediate_size": 100,
         "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 256, "hidden_act": "silu",
         "rms_norm_eps": 1e-6, "rope_theta": 1000000.0, "tie_word_embeddings": True, "use_sliding_window": False, "sliding_window": 32768,
         "max_window_layers": 1, **NOBODY}
MISTRAL = {"architectures": ["MistralForCausalLM"], "model_type": "mistral", "vocab_size": 139, "hidden_size": 40, "intermediate_size": 100,
           "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 256, "hidden_act": "silu",
           "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "sliding_window": WINDOW, "tie_word_embeddings": False, **NOBODY}
GPT2 = {"architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "vocab_size": 131, "n_embd": 48, "n_layer": 2, "n_head": 4,
        "n_positions": 128, "n_ctx": 128, "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5, **NOBODY}
OPT = {"architectures": ["OPTForCausalLM"], "model_type": "opt", "vocab_size": 137, "hidden_size": 48, "ffn_dim": 96, "num_hidden_layers": 2,
       "num_attention_heads": 4, "max_position_embeddings": 128, "word_embed_proj_dim": 48, "do_layer_norm_before": True,
       "activation_function": "relu", "pad_token_id": 1, **NOBODY}
PHI3 = {"architectures": ["Phi3ForCausalLM"], "model_type": "phi3", "vocab_size": 143, "hidden_size": 64, "intermediate_size": 84,
        "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 256,
        "original_max_position_embeddings": 256, "hidden_act": "silu", "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "rope_scaling": None,
        "sliding_window": WINDOW, "tie_word_embeddings": False, "pad_token_id": None, **NOBODY}
GEMMA2 = {"architectures": ["Gemma2ForCausalLM"], "model_type": "gemma2", "vocab_size": 149, "hidden_size": 48, "intermediate_size": 84,
          "num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "max_position_embeddings": 256,
          "hidden_act": "gelu_pytorch_tanh", "hidden_activation": "gelu_pytorch_tanh", "rms_norm_eps": 1e-6, "rope_theta": 10000.0,
          "query_pre_attn_scalar": 24, "sliding_window": WINDOW, "attn_logit_softcapping": 5.0, "final_logit_softcapping": 2.0,
          "pad_token_id": 0, **NOBODY}
GEMMA3 = {"architectures": ["Gemma3ForCausalLM"], "model_type": "gemma3_text", "vocab_size": 151, "hidden_size": 48, "intermediate_size": 84,
          "num_hidden_layers": 4, "num_attention_heads": 4, "num_key_value_heads": 1, "head_dim": 16, "max_position_embeddings": 256,
          "hidden_activation": "gelu_pytorch_tanh", "rms_norm_eps": 1e-6, "query_pre_attn_scalar": 16, "sliding_window": WINDOW,
          "attn_logit_softcapping": None, "final_logit_softcapping": None, "pad_token_id": 0, **NOBODY}
OLMO2 = {"architectures": ["Olmo2ForCausalLM"], "model_type": "olmo2", "vocab_size": 137, "hidden_size": 48, "intermediate_size": 84,
         "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 256, "hidden_act": "silu",
         "rms_norm_eps": 1e-6, "rope_theta": 500000.0, "rope_scaling": None, "attention_bias": False, "tie_word_embeddings": False,
         "pad_token_id": 1, **NOBODY}
PHI = {"architectures": ["PhiForCausalLM"], "model_type": "phi", "vocab_size": 131, "hidden_size": 80, "intermediate_size": 96,
       "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 4, "max_position_embeddings": 256, "hidden_act": "gelu_new",
       "layer_norm_eps": 1e-5, "partial_rotary_factor": 0.4, "qk_layernorm": False, "rope_theta": 10000.0, "rope_scaling": None,
       "tie_word_embeddings": False, **NOBODY}
MIXTRAL = {"architectures": ["MixtralForCausalLM"], "model_type": "mixtral", "vocab_size": 139, "hidden_size": 40, "intermediate_size": 36,
           "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 256, "hidden_act": "silu",
           "rms_norm_eps": 1e-5, "rope_theta": 1000000.0, "sliding_window": None, "num_local_experts": 4, "num_experts_per_tok": 2,
           "tie_word_embeddings": False, **NOBODY}
QWEN3_MOE = {"architectures": ["Qwen3MoeForCausalLM"], "model_type": "qwen3_moe", "vocab_size": 151, "hidden_size": 40, "intermediate_size": 60,
             "moe_intermediate_size": 20, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16,
             "num_experts": 8, "num_experts_per_tok": 3, "norm_topk_prob": True, "decoder_sparse_step": 1, "mlp_only_layers": [],
             "max_position_embeddings": 256, "hidden_act": "silu", "rms_norm_eps": 1e-6, "rope_theta": 1000000.0, "rope_scaling": None,
             "attention_bias": False, "use_sliding_window": False, "tie_word_embeddings": False, **NOBODY}
GPT_OSS = {"architectures": ["GptOssForCausalLM"], "model_type": "gpt_oss", "vocab_size": 139, "hidden_size": 64, "intermediate_size": 32,
           "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "num_local_experts": 4,
           "num_experts_per_tok": 2, "max_position_embeddings": 2048, "initial_context_length": 64, "hidden_act": "silu", "rms_norm_eps": 1e-5,
           "rope_theta": 150000, "rope_scaling": {"beta_fast": 32.0, "beta_slow": 1.0, "factor": 32.0, "original_max_position_embeddings": 64,
                                                  "rope_type": "yarn", "truncate": False},
           "sliding_window": WINDOW, "layer_types": ["sliding_attention", "full_attention"], "attention_bias": True, "swiglu_limit": 7.0,
           "tie_word_embeddings": False, "pad_token_id": None, **NOBODY}

WIDE = {"hidden_size": 64, "num_attention_heads": 4, "intermediate_size": 96}
ROWS_OF_256 = {"hidden_size": 256, "intermediate_size": 256}

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
    "llama-yarn-bf16": ({**LLAMA, "hidden_size": 64, "num_attention_heads": 4, "num_key_value_heads": 2, "torch_dtype": "bfloat16",
                         "rope_scaling": {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64}}, torch.bfloat16, 1),
    "qwen2-tied-bf16": ({**QWEN2, "torch_dtype": "bfloat16"}, torch.bfloat16, 1),
    "qwen2-window-yarn": ({**QWEN2, "num_hidden_layers": 3, "tie_word_embeddings": False, "use_sliding_window": True, "sliding_window": WINDOW,
                           "torch_dtype": "bfloat16", "rope_scaling": {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64}},
                          torch.bfloat16, 1),
    "mistral-window-bf16": ({**MISTRAL, "torch_dtype": "bfloat16"}, torch.bfloat16, 1),
    "mistral-wide-heads": ({**MISTRAL, "head_dim": 24, "sliding_window": None, "rope_theta": 1000000000.0, "torch_dtype": "bfloat16"}, torch.bfloat16, 1),
    "gpt2-f32": ({**GPT2, "n_embd": 40, "torch_dtype": "float32"}, torch.float32, 1),
    "gpt2-bare-names": ({**GPT2, "n_layer": 3, "n_inner": 72, "torch_dtype": "bfloat16"}, torch.bfloat16, 1),
    "opt-f32": ({**OPT, "torch_dtype": "float32"}, torch.float32, 1),
    "phi3-window-bf16": ({**PHI3, "torch_dtype": "bfloat16"}, torch.bfloat16, 1),
    "phi3-longrope": ({**PHI3, "original_max_position_embeddings": 16, "partial_rotary_factor": 0.75, "tie_word_embeddings": True,
                       "sliding_window": 262144, "torch_dtype": "bfloat16",
                       "rope_scaling": {"type": "longrope", "long_factor": [1.0, 1.3, 2.5, 6.0, 11.0, 15.5],
                                        "short_factor": [1.0, 1.0, 1.05, 1.1, 1.2, 1.3]}}, torch.bfloat16, 1),
    "phi3-shortrope": ({**PHI3, "num_key_value_heads": 4, "sliding_window": None, "torch_dtype": "bfloat16",
                        "rope_scaling": {"type": "longrope", "long_factor": [1.0, 1.3, 2.5, 6.0, 11.0, 12.0, 14.0, 15.5],
                                         "short_factor": [1.0, 1.0, 1.05, 1.1, 1.2, 1.3, 1.5, 1.7]}}, torch.bfloat16, 1),
    "gemma2-softcaps": ({**GEMMA2, "torch_dtype": "bfloat16"}, torch.bfloat16, 1),
    "gemma2-published-caps": ({**GEMMA2, "intermediate_size": 68, "num_hidden_layers": 2, "num_key_value_heads": 1, "head_dim": 24, "attn_logit_softcapping": 50.0,
                               "final_logit_softcapping": 30.0, "torch_dtype": "float32"}, torch.float32, 1),
    "gemma3-linear-rope": ({**GEMMA3, "sliding_window_pattern": 3, "rope_theta": 1000000.0, "rope_local_base_freq": 10000.0,
                            "rope_scaling": {"factor": 8.0, "rope_type": "linear"}, "torch_dtype": "bfloat16"}, torch.bfloat16, 1),
    "gemma3-new-spelling": ({**GEMMA3, "num_hidden_layers": 2, "num_key_value_heads": 2, "query_pre_attn_scalar": 24,
                             "layer_types": ["sliding_attention", "full_attention"], "dtype": "float32", "final_logit_softcapping": 3.0,
                             "rope_parameters": {"full_attention": {"rope_type": "default", "rope_theta": 1000000.0},
                                                 "sliding_attention": {"rope_type": "default", "rope_theta": 10000.0}}}, torch.float32, 1),
    "olmo2-bf16": ({**OLMO2, "torch_dtype": "bfloat16"}, torch.bfloat16, 1),
    "olmo2-tied-f32": ({**OLMO2, "hidden_size": 40, "tie_word_embeddings": True, "torch_dtype": "float32"}, torch.float32, 1),
    "phi-bf16": ({**PHI, "torch_dtype": "bfloat16"}, torch.bfloat16, 1),
    "phi-grouped-f32": ({**PHI, "hidden_size": 48, "num_key_value_heads": 2, "partial_rotary_factor": 0.5, "torch_dtype": "float32"}, torch.float32, 1),
    "mixtral-bf16": ({**MIXTRAL, "torch_dtype": "bfloat16"}, torch.bfloat16, 1),
    "mixtral-window": ({**MIXTRAL, "num_local_experts": 5, "num_experts_per_tok": 3, "sliding_window": WINDOW, "torch_dtype": "bfloat16"}, torch.bfloat16, 2),
    "qwen3-moe-bf16": ({**QWEN3_MOE, "torch_dtype": "bfloat16"}, torch.bfloat16, 1),
    "qwen3-moe-dense-layer": ({**QWEN3_MOE, "norm_topk_prob": False, "mlp_only_layers": [0], "tie_word_embeddings": True,
                               "torch_dtype": "bfloat16"}, torch.bfloat16, 1),
    # OPT-350m: norms after the sums, and embeddings narrower than the layers.
    "opt-post-norm": ({**OPT, "hidden_size": 64, "word_embed_proj_dim": 32, "do_layer_norm_before": False, "torch_dtype": "float16"}, torch.float16, 1),
    # Rows that quantization by groups of 32 or 64 divides: every matrix can be converted.
    "llama-quantizable": ({**LLAMA, **WIDE, "num_key_value_heads": 2, "torch_dtype": "bfloat16"}, torch.bfloat16, 1),
    "mistral-quantizable": ({**MISTRAL, **WIDE, "torch_dtype": "bfloat16"}, torch.bfloat16, 1),
    "qwen2-quantizable": ({**QWEN2, **WIDE, "torch_dtype": "bfloat16"}, torch.bfloat16, 1),
    "qwen3-quantizable": ({**QWEN3, **WIDE, "torch_dtype": "bfloat16"}, torch.bfloat16, 1),
    "gpt2-quantizable": ({**GPT2, "n_embd": 64, "torch_dtype": "float32"}, torch.float32, 1),
    "opt-quantizable": ({**OPT, "hidden_size": 64, "word_embed_proj_dim": 64, "torch_dtype": "float16"}, torch.float16, 1),
    "phi-quantizable": ({**PHI, **WIDE, "num_key_value_heads": 4, "partial_rotary_factor": 0.5, "torch_dtype": "float16"}, torch.float16, 1),
    "phi3-quantizable": ({**PHI3, **WIDE, "torch_dtype": "bfloat16"}, torch.bfloat16, 1),
    "gemma2-quantizable": ({**GEMMA2, **WIDE, "torch_dtype": "bfloat16"}, torch.bfloat16, 1),
    "gemma3-quantizable": ({**GEMMA3, **WIDE, "sliding_window_pattern": 2, "rope_theta": 1000000.0, "rope_local_base_freq": 10000.0,
                            "torch_dtype": "bfloat16"}, torch.bfloat16, 1),
    "olmo2-quantizable": ({**OLMO2, **WIDE, "torch_dtype": "bfloat16"}, torch.bfloat16, 1),
    "mixtral-quantizable": ({**MIXTRAL, **WIDE, "intermediate_size": 32, "torch_dtype": "bfloat16"}, torch.bfloat16, 1),
    "qwen3-moe-quantizable": ({**QWEN3_MOE, **WIDE, "moe_intermediate_size": 32, "torch_dtype": "bfloat16"}, torch.bfloat16, 1),
    # Rows of 256, as ggml's larger blocks need them: for ../it-tests/src/test/resources/wide-goldens.
    "llama-256": ({**LLAMA, **WIDE, **ROWS_OF_256, "num_key_value_heads": 2, "torch_dtype": "bfloat16"}, torch.bfloat16, 1),
    "qwen3-moe-256": ({**QWEN3_MOE, **WIDE, **ROWS_OF_256, "head_dim": 64, "num_hidden_layers": 1, "num_experts": 4, "num_experts_per_tok": 2,
                       "moe_intermediate_size": 256, "torch_dtype": "bfloat16"}, torch.bfloat16, 1),
    "gpt-oss-bf16": ({**GPT_OSS, "torch_dtype": "bfloat16"}, torch.bfloat16, 1),
    "gpt-oss-mxfp4": ({**GPT_OSS, "num_hidden_layers": 3, "layer_types": ["sliding_attention", "full_attention", "sliding_attention"],
                       "torch_dtype": "bfloat16",
                       "quantization_config": {"quant_method": "mxfp4", "modules_to_not_convert": [
                           "model.layers.*.self_attn", "model.layers.*.mlp.router", "model.embed_tokens", "lm_head"]}}, torch.bfloat16, 1),
}
ROPE_TYPES = {"llama3-rope-f16": "llama3", "llama-linear-rope": "linear", "llama-yarn-bf16": "yarn", "qwen2-window-yarn": "yarn",
              "phi3-longrope": "longrope", "phi3-shortrope": "longrope", "gpt-oss-bf16": "yarn", "gpt-oss-mxfp4": "yarn",
              "gemma3-quantizable": {"full_attention": "default", "sliding_attention": "default"},
              "gemma3-linear-rope": {"full_attention": "linear", "sliding_attention": "default"},
              "gemma3-new-spelling": {"full_attention": "default", "sliding_attention": "default"}}
TIED = ("gpt2", "opt", "gemma2", "gemma3_text")      # where config.json does not say
ECHOING = ("opt", "gemma2", "gemma3_text")      # with larger embeddings they only repeat the last token
MIXTURES = ("mixtral", "qwen3_moe", "gpt_oss")


def tied(config):
    return config.get("tie_word_embeddings", config["model_type"] in TIED)


def shapes(folder, config):
    """Name -> shape of every tensor, as published checkpoints have them: transformers stacks experts in memory and not in files."""
    model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(folder))
    if config["model_type"] in MIXTURES:
        with tempfile.TemporaryDirectory() as saved:
            model.save_pretrained(saved)
            tensors = load_file(Path(saved) / "model.safetensors")
    else:
        tensors = model.state_dict()
    bare = "transformer." if "bare" in folder.name else ""
    return {name.removeprefix(bare): tensor.shape for name, tensor in tensors.items() if not (name == "lm_head.weight" and tied(config))}


def is_norm(name):
    return name.endswith(".weight") and ("norm" in name or ".ln_" in name or name.startswith("ln_"))


def mxfp4(weights, generator):
    """Experts as blocks of 32 four-bit numbers with a shared power of two; and the weights that those stand for."""
    packed, plain = {}, {}
    for name, tensor in weights.items():
        if not name.endswith(("gate_up_proj", "down_proj")):
            packed[name] = plain[name] = tensor
            continue
        experts, columns, rows = tensor.shape      # gpt-oss multiplies from the right: [in, out]
        blocks = torch.randint(0, 256, (experts, rows, columns // 32, 16), generator=generator, dtype=torch.uint8)
        scales = torch.randint(122, 125, (experts, rows, columns // 32), generator=generator, dtype=torch.uint8)
        packed[name + "_blocks"], packed[name + "_scales"] = blocks, scales
        plain[name] = convert_moe_packed_tensors(blocks, scales, dtype=torch.bfloat16).contiguous()
        assert plain[name].shape == tensor.shape, (plain[name].shape, tensor.shape)
    return packed, plain


def write_weights(folder, config, dtype, shards, seed):
    """Writes the weights; what transformers is to load, if that is something else."""
    generator = torch.Generator().manual_seed(seed)
    weights = {}
    one = 0 if config["model_type"].startswith("gemma") else 1      # Gemma's norms multiply by 1 + weight
    quantized = "quantization_config" in config
    for name, shape in shapes(folder.with_name(folder.name + ".plain") if quantized else folder, config).items():
        values = torch.randn(shape, generator=generator)
        spread = 0.25
        if name.endswith("embed_tokens.weight") and config["model_type"] in ECHOING:
            spread = 0.12 if config.get("do_layer_norm_before", True) else 0.7      # a norm over the sums leaves little of a small one
        weights[name] = ((one + 0.3 * values) if is_norm(name) else spread * values).to(dtype).contiguous()
    if quantized:
        weights, plain = mxfp4(weights, generator)
        save_file(plain, folder.with_name(folder.name + ".plain") / "model.safetensors", metadata={"format": "pt"})
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


def check_rope(folder, model):
    rotary = [module for module in model.modules() if type(module).__name__.endswith("RotaryEmbedding")]
    expected = ROPE_TYPES.get(folder.name, "default")
    assert all(module.rope_type == expected for module in rotary), [module.rope_type for module in rotary]


def make(folder, config, dtype, shards):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    source = folder
    if "quantization_config" in config:
        source = folder.with_name(folder.name + ".plain")
        source.mkdir(exist_ok=True)
        (source / "config.json").write_text(json.dumps({key: value for key, value in config.items() if key != "quantization_config"}) + "\n")
    # Below its original length a stretched Phi turns by other factors, until it has grown past it.
    lengths = [length for length in LENGTHS if length > 16] if folder.name == "phi3-longrope" else LENGTHS
    for seed in range(1000):
        write_weights(folder, config, dtype, shards, seed)
        model = load(source)
        check_rope(folder, model)
        rng = random.Random(seed)
        goldens = []
        for length in lengths:
            prompt = [rng.randrange(config["vocab_size"]) for _ in range(length)]
            goldens.append({"name": f"length-{length}", "prompt_token_ids": prompt, **greedy(model, prompt, TOKENS)})
            if goldens[-1]["min_gap"] < MIN_GAP:
                break
        else:
            break
    if source != folder:
        shutil.rmtree(source)
    varied = len({token for each in goldens for token in each["token_ids"]})
    about = {"model": folder.name, "dtype": "float32 (weights upcast)", "attention": "eager", "seed": seed, "max_new_tokens": TOKENS,
             "min_gap": min(each["min_gap"] for each in goldens)}
    (folder / "golden.json").write_text(json.dumps({**about, "goldens": goldens}, indent=1) + "\n")
    size = sum(file.stat().st_size for file in folder.iterdir())
    print(f"{folder.name}: seed {seed}, min gap {about['min_gap']}, {varied} different tokens, {size // 1024} KiB")


def one(task):
    torch.set_num_threads(1)
    exact()
    make(*task)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("variants", nargs="*", metavar="variant", help="which to make; all of them if none is named")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--processes", type=int, default=1)
    options = parser.parse_args()
    tasks = [(options.out / name, *VARIANTS[name]) for name in options.variants or VARIANTS]
    with multiprocessing.get_context("spawn").Pool(options.processes, maxtasksperchild=1) as pool:
        pool.map(one, tasks, chunksize=1)


if __name__ == "__main__":
    main()
