#!/usr/bin/env python3
"""Shows what a model says: greedy answers, and sampled ones with --temperature, to the prompts below or to those of a file.

    python3 sample.py ingot-small
    python3 sample.py ingot-small --prompts prompts.json --temperature 0.7

A prompt file is a JSON list; each entry is a string (completed as it stands) or {"messages": [...], "tools": [...]}.
"""

import argparse
import json

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer


def user(text, system=None):
    return {"messages": ([{"role": "system", "content": system}] if system else []) + [{"role": "user", "content": text}]}


def function(name, description, **parameters):
    return {"type": "function", "function": {"name": name, "description": description, "parameters": {
        "type": "object", "properties": parameters, "required": list(parameters)}}}


WEATHER = function("get_current_weather", "Get the current weather in a given location",
                   location={"type": "string", "description": "The city and state, e.g. San Francisco, CA"})
STOPWATCH = function("start_stopwatch", "Start a stopwatch", label={"type": "string"}, seconds={"type": "integer"})
STORY = ("Nadia was a young beaver who lived by a wide river. One day her yellow boat was gone. Her friend Otis, a heron, "
         "flew over the water and saw the boat behind the mill. Nadia thanked him and gave him a fish.")

PROMPTS = [
    "Once upon a time", "The little fox", "Mia had a red kite.", "It was raining when",
    user("Hello!"), user("Who are you?"), user("what can you do"), user("Tell me a story about a fox and a lantern"),
    user("Write a short story about a robot named Zib who is afraid of the dark."), user("Write a story about the sea."),
    user("Tell me a bedtime story for my daughter Annika, she loves horses"), user("Continue this story: Late at night, a small owl named Bruno heard a noise."),
    user("Write a story about a dragon who can't fly in three sentences."),
    user(STORY + "\n\nWho found the boat?"), user(STORY + "\n\nWhat colour was the boat?"), user(STORY + "\n\nWhere was the boat?"),
    user(STORY + "\n\nWhat did Nadia give to Otis?"), user(STORY + "\n\nSummarize the story in one sentence."),
    user("What is 17 + 25?"), user("what's 9*8"), user("120 - 45"), user("Tom has 5 apples and buys 7 more. How many apples does he have?"),
    user("A farmer has 12 cows and sells 4. How many cows are left?"), user("If I have 3 bags with 6 marbles each, how many marbles do I have?"), user("Count from 1 to 10"),
    user("What is the capital of France?"), user("What colour is the sky?"), user("Name three animals."), user("What is the opposite of hot?"),
    user("What sound does a cow make?"), user("How many days are there in a week?"), user("Why is the sky blue?"), user("What do you need an umbrella for?"), user("What rhymes with cat?"),
    user("Extract name, age and city as JSON: Maria is 34 years old and lives in Lisbon."),
    user("Give me a JSON object with the fields title, year and author for this: The novel \"Silent Hills\" was written by Jon Park in 1987."),
    user("Return only JSON with keys product, price, available. Text: The blue bicycle costs 249 dollars and is in stock."),
    user("List three fruits as a JSON array."), user("Create a JSON object describing a dog with name, age and color"),
    {"messages": [{"role": "user", "content": "What's the weather like in Boston today?"}], "tools": [WEATHER]},
    {"messages": [{"role": "user", "content": "Start a stopwatch for 90 seconds called eggs"}], "tools": [WEATHER, STOPWATCH]},
    {"messages": [{"role": "user", "content": "What is the weather in Oslo and in Rome?"}], "tools": [WEATHER, STOPWATCH]},
    {"messages": [{"role": "user", "content": "Tell me a joke"}], "tools": [WEATHER]},
    {"messages": [{"role": "user", "content": "What's the weather in Paris?"},
                  {"role": "assistant", "content": "", "tool_calls": [{"type": "function", "function": {"name": "get_current_weather", "arguments": {"location": "Paris"}}}]},
                  {"role": "tool", "content": "{\"temperature\": 18, \"condition\": \"cloudy\"}"}], "tools": [WEATHER]},
    {"messages": [{"role": "user", "content": "My name is Ferdinand."}, {"role": "assistant", "content": "Hello, Ferdinand! How can I help you?"}, {"role": "user", "content": "What is my name?"}]},
    {"messages": [{"role": "user", "content": "What is 4 + 5?"}, {"role": "assistant", "content": "4 + 5 = 9."}, {"role": "user", "content": "Now add 10."}]},
    user("What is the capital of Italy?", "You are a pirate."), user("What colour is grass?", "Answer in one word."), user("How many legs does a spider have?", "Answer only in JSON with the key answer."),
    user("Who are you?", "You are Mirko, a friendly baker."), user("Tell me about cats", "You are a helpful assistant."),
    user("Write a python function that adds two numbers"), user("Who is the president of the United States?"), user("Write a poem about the moon"), user("Tell me a joke"),
    user("Repeat after me: 🦊 loves 🍎 and こんにちは"), user("How many letters are in the word lantern?"), user("Make a list of things to take on a picnic"), user("I feel a bit sad today"), user("thanks!"),
    user("My grandmother keeps a blue teapot on the shelf in her kitchen. Every Sunday she fills it with mint tea.\n\nWhere is the teapot?"),
    user("Ada and Max went fishing. Ada caught three fish and Max caught a boot. Who caught the boot?"), user("How much is 250 + 375?"), user("what is 6 times 7 minus 2"),
    user("Give me a JSON object with a key \"colors\" that holds the three primary colors"),
    user("Order from Lena Brandt: 2 lamps and 3 mugs, total 84 dollars.\n\nJSON with customer, items (name, quantity) and total."),
    {"messages": [{"role": "user", "content": "what is 23 * 19"}], "tools": [function("calculator", "Evaluate an arithmetic expression", expression={"type": "string"})]},
    {"messages": [{"role": "user", "content": "Send Klara a message that I will be ten minutes late"}], "tools": [function("send_sms", "Send a text message", recipient={"type": "string"}, body={"type": "string"})]},
    {"messages": [{"role": "user", "content": "Please water the tomatoes in the greenhouse for 15 minutes"}], "tools": [WEATHER, function("water_plants", "Water plants", plant={"type": "string"}, area={"type": "string"}, minutes={"type": "integer"})]},
    user("Is a whale a fish?"), user("What should I name my new puppy?"), user("Sort these words: pear, apple, zebra, monkey"), user("Translate 'good morning' to French"),
]


def render(tokenizer, prompt):
    if isinstance(prompt, str):
        return prompt
    return tokenizer.apply_chat_template(prompt["messages"], tools=prompt.get("tools"), tokenize=False, add_generation_prompt=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="folder of the model")
    parser.add_argument("--prompts", help="JSON file with prompts")
    parser.add_argument("--temperature", type=float, default=0.0)
    parser.add_argument("--tokens", type=int, default=260)
    options = parser.parse_args()
    tokenizer = AutoTokenizer.from_pretrained(options.model, padding_side="left")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = AutoModelForCausalLM.from_pretrained(options.model, dtype=torch.float32).to(device).eval()
    prompts = PROMPTS
    if options.prompts:
        with open(options.prompts, encoding="utf-8") as file:
            prompts = json.load(file)
    texts = [render(tokenizer, prompt) for prompt in prompts]
    inputs = tokenizer(texts, return_tensors="pt", padding=True, add_special_tokens=False).to(device)
    inputs.pop("token_type_ids", None)
    sampling = {"do_sample": True, "temperature": options.temperature, "top_p": 0.9, "top_k": 40} if options.temperature > 0 else \
        {"do_sample": False, "temperature": None, "top_p": None, "top_k": None}
    torch.manual_seed(1)
    outputs = model.generate(**inputs, max_new_tokens=options.tokens, **sampling)[:, inputs["input_ids"].shape[1]:]
    for prompt, text, output in zip(prompts, texts, outputs):
        shown = text if isinstance(prompt, str) else " / ".join(str(message["content"]) for message in prompt["messages"])
        said = tokenizer.decode(output, skip_special_tokens=False).replace("<|endoftext|>", "")
        print(f">>> {shown}\n{said}\n")


if __name__ == "__main__":
    main()
