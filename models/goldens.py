#!/usr/bin/env python3
"""Computes what a model answers, greedily, in float32, with log probabilities: the truth that the engine is tested against.

    python3 goldens.py ingot-small --out ingot-small.json

Every prompt has a few wordings; the first is taken whose continuation never has two tokens within `MIN_GAP` of each other at the
top, so that the rounding of another implementation cannot change a token.
"""

import argparse
import json
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from make_corpus import document
from sample import PROMPTS, STOPWATCH, STORY, WEATHER, user

MIN_GAP = 1e-3
TOP = 5


@torch.no_grad()
def greedy(model, prompt_ids, count, stop=()):
    """The greedy continuation: ids, log probabilities, the top five at every position, and the smallest margin."""
    ids, cache = torch.tensor([prompt_ids], device=model.device), None
    token_ids, logprobs, top_logprobs, min_gap = [], [], [], float("inf")
    for _ in range(count):
        output = model(input_ids=ids, past_key_values=cache, use_cache=True)
        cache = output.past_key_values
        logits = output.logits[0, -1].float()
        scores = torch.log_softmax(logits, dim=-1)
        values, indices = scores.topk(TOP)
        min_gap = min(min_gap, float(values[0] - values[1]))
        chosen = int(indices[0])
        token_ids.append(chosen)
        logprobs.append(round(float(values[0]), 6))
        top_logprobs.append([{"id": int(index), "logprob": round(float(value), 6)} for index, value in zip(indices, values)])
        if chosen in stop:
            break
        ids = torch.tensor([[chosen]], device=model.device)
    return {"token_ids": token_ids, "logprobs": logprobs, "top_logprobs": top_logprobs, "min_gap": round(min_gap, 6)}


def exact():
    """No shortcuts in float32 arithmetic."""
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.set_float32_matmul_precision("highest")


def load(folder):
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()


def _long_story():
    """Several stories on end: a prompt of more than 600 tokens."""
    stories = (document("golden", i) for i in range(1000))
    return [text for text in stories if not text.startswith("<|im_start|>") and len(text) > 900][:12]


def _tool_answered():
    return next(prompt for prompt in PROMPTS if isinstance(prompt, dict) and any(message["role"] == "tool" for message in prompt["messages"]))


def candidates():
    """name -> wordings of the prompt."""
    stories = _long_story()
    return {
        "completion-once": ["Once upon a time", "Once upon a time,", "Once there was"],
        "completion-one-token": ["The", "One", "In"],
        "completion-colour": ["Mia had a red kite.", "Mia had a blue kite.", "Mia had a green ball."],
        "completion-utf8": ["Zoë and José saw a 🦊 near the café.", "Zoë saw a 🦊 in the forest.", "José found a 🍎 in the garden."],
        "completion-question-answer": ["Question: What is the capital of France?\nAnswer:", "Q: What is the capital of Spain?\nA:", "Q: What is 3 + 4?\nA:"],
        "completion-long": ["\n\n".join(stories[i:i + 4]) + "\n\nOne day," for i in range(0, 9, 2)],
        "chat-hello": [user("Hello!"), user("Hi"), user("Good morning")],
        "chat-system": [user("What is the capital of Italy?", "You are a pirate."), user("What colour is the sky?", "You are a pirate.")],
        "chat-system-one-word": [user("What is the opposite of hot?", "Answer in one word."), user("What colour is snow?", "Answer in one word.")],
        "chat-story": [user("Tell me a story about a fox and a lantern"), user("Tell me a story about a bear and a kite."), user("Write a story about an owl.")],
        "chat-story-question": [user(STORY + "\n\nWho found the boat?"), user(STORY + "\n\nWhat colour was the boat?")],
        "chat-arithmetic": [user("What is 17 + 25?"), user("What is 31 + 12?")],
        "chat-word-problem": [user("Tom has 5 apples and buys 7 more. How many apples does he have?"), user("Anna has 12 eggs and gives 4 to Ben. How many eggs are left?")],
        "chat-json": [user("Extract name, age and city as JSON: Maria is 34 years old and lives in Lisbon."), user("Extract name and age as JSON: Peter is 9 years old.")],
        "chat-emoji": [user("Repeat after me: 🦊 loves 🍎 and こんにちは"), user("Repeat: 🎉 Grüße aus Köln 🎈"), user("Repeat: Zoë 🌟")],
        "chat-multi-turn": [{"messages": [{"role": "user", "content": "My name is Ferdinand."}, {"role": "assistant", "content": "Hello, Ferdinand! How can I help you?"},
                                          {"role": "user", "content": "What is my name?"}]}],
        "chat-tool-call": [{"messages": [{"role": "user", "content": "What's the weather like in Boston today?"}], "tools": [WEATHER]},
                           {"messages": [{"role": "user", "content": "What is the weather in Rome?"}], "tools": [WEATHER]}],
        "chat-tool-choice": [{"messages": [{"role": "system", "content": "You are a helpful assistant."},
                                           {"role": "user", "content": "Start a stopwatch for 90 seconds called eggs"}], "tools": [WEATHER, STOPWATCH]},
                             {"messages": [{"role": "user", "content": "Start a stopwatch called tea for 60 seconds."}], "tools": [WEATHER, STOPWATCH]}],
        "chat-tool-answer": [_tool_answered()],
    }


def golden(model, tokenizer, name, wordings, count):
    for prompt in wordings:
        chat = isinstance(prompt, dict)
        rendered = tokenizer.apply_chat_template(prompt["messages"], tools=prompt.get("tools"), tokenize=False, add_generation_prompt=True) if chat else prompt
        ids = tokenizer.encode(rendered, add_special_tokens=False)
        result = greedy(model, ids, count, stop=model.generation_config.eos_token_id)
        if result["min_gap"] >= MIN_GAP:
            break
    said = prompt if chat else {"prompt": prompt}
    return {"name": name, "kind": "chat" if chat else "completion", **said, "rendered": rendered, "prompt_token_ids": ids,
            "text": tokenizer.decode(result["token_ids"]), **result}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="folder of the model")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--tokens", type=int, default=64)
    options = parser.parse_args()
    exact()
    tokenizer = AutoTokenizer.from_pretrained(options.model)
    model = load(options.model)
    goldens = [golden(model, tokenizer, name, wordings, options.tokens) for name, wordings in candidates().items()]
    about = {"model": Path(options.model).name, "dtype": "float32 (weights upcast from bf16)", "attention": "eager", "device": str(model.device),
             "max_new_tokens": options.tokens, "stop_token_ids": model.generation_config.eos_token_id,
             "min_gap": min(each["min_gap"] for each in goldens),
             "note": f"min_gap is the smallest margin, in log probability, of the chosen token over the next; prompts are chosen so that it is at least {MIN_GAP}"}
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps({**about, "goldens": goldens}, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    for each in goldens:
        print(f"{each['name']}: {len(each['prompt_token_ids'])} + {len(each['token_ids'])} tokens, gap {each['min_gap']}, {each['text'][:90]!r}")


if __name__ == "__main__":
    main()
