"""A byte-level BPE tokenizer of any size, for the models of make_random_model.py.

A few hundred merges are learned from the text below, so that English costs about two characters a token or
more; fillers (` w000000`, ` w000001`, …) take the other places of the vocabulary, and the control tokens of
ChatML the last ones. No text is ever encoded to a filler, but a random model says them.
"""

import json
from collections import Counter

CONTROLS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
MERGES = 384
TEXT = """
A server reads a prompt and answers with one token after another. The prompt is read in chunks, many tokens in
one step, because the weights that are loaded for one token can be used for all of them. Then every step makes
one token for each sequence that is running, and the time of a step is the time that the memory needs to give
all the weights once. When there are more sequences in a step, each of them pays a smaller part of it.
The cache keeps the keys and the values of every token that was computed, in blocks that are taken and given
back. What is not in the cache has to be computed again. The client waits for the first token and then for each
of the others; what it feels is the longest wait and not the mean. So we measure both, and we say how we did it.
There was a time when the machine was quiet, and that was the time to measure. Other people work here too, and
they would like their programs to run, so we look at what they took before we believe what we read.
"""
CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def byte_alphabet():
    """GPT-2's: a printable character for every byte, in the order of the bytes."""
    kept = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    alphabet, spare = {}, 256
    for byte in range(256):
        alphabet[byte] = chr(byte if byte in kept else spare)
        spare += byte not in kept
    return alphabet


def learn(text, count, alphabet):
    """The first `count` merges of byte pair encoding; the smallest pair wins a tie."""
    spelled = lambda word: tuple(alphabet[b] for b in word.encode())
    words = Counter(spelled(" " + word) for word in text.split())
    merges = []
    while len(merges) < count:
        pairs = Counter()
        for word, times in words.items():
            for pair in zip(word, word[1:]):
                pairs[pair] += times
        if not pairs:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        merged = Counter()
        for word, times in words.items():
            out, i = [], 0
            while i < len(word):
                joined = word[i : i + 2] == best
                out.append("".join(best) if joined else word[i])
                i += 2 if joined else 1
            merged[tuple(out)] += times
        words = merged
    return merges


class RandomTokenizer:
    """Tokens by id, merges, and where the control tokens are."""

    pre = "gpt-2"  # how GGUF calls the way in which text is cut into words

    def __init__(self, tokens, merges):
        self.tokens, self.merges = tokens, merges
        self.end_of_text, self.start_of_turn, self.end_of_turn = range(len(tokens) - len(CONTROLS), len(tokens))

    def write(self, folder):
        added = [
            dict(id=i, content=self.tokens[i], single_word=False, lstrip=False, rstrip=False, normalized=False,
                 special=True)
            for i in range(self.end_of_text, len(self.tokens))
        ]
        byte_level = dict(type="ByteLevel", add_prefix_space=False, trim_offsets=False, use_regex=True)
        vocabulary = {token: i for i, token in enumerate(self.tokens[: self.end_of_text])}
        document = dict(
            version="1.0",
            truncation=None,
            padding=None,
            added_tokens=added,
            normalizer=None,
            pre_tokenizer=byte_level,
            post_processor=None,
            decoder=byte_level,
            model=dict(
                type="BPE",
                dropout=None,
                unk_token=None,
                continuing_subword_prefix=None,
                end_of_word_suffix=None,
                fuse_unk=False,
                byte_fallback=False,
                vocab=vocabulary,
                merges=[list(pair) for pair in self.merges],
            ),
        )
        (folder / "tokenizer.json").write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
        config = dict(
            tokenizer_class="PreTrainedTokenizerFast",
            eos_token=CONTROLS[2],
            pad_token=CONTROLS[0],
            bos_token=None,
            add_bos_token=False,
            model_max_length=131072,
            clean_up_tokenization_spaces=False,
            chat_template=CHAT_TEMPLATE,
        )
        (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n")


def make(size):
    """A tokenizer of `size` tokens."""
    alphabet = byte_alphabet()
    tokens = list(alphabet.values())
    merges = learn(TEXT, min(MERGES, size - len(tokens) - len(CONTROLS)), alphabet)
    tokens += ["".join(pair) for pair in merges]
    fillers = size - len(tokens) - len(CONTROLS)
    if fillers < 0:
        raise ValueError(f"a vocabulary of {size} has no room for 256 bytes and {len(CONTROLS)} controls")
    tokens += [f"{alphabet[32]}w{i:06}" for i in range(fillers)]
    return RandomTokenizer(tokens + CONTROLS, merges)
