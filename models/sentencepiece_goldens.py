#!/usr/bin/env python3
"""Trains small SentencePiece models on the corpus, and writes what sentencepiece itself makes of some texts.

    python3 sentencepiece_goldens.py --out ../engine/src/test/resources/dev/ingot/engine/text/sentencepiece
"""

import argparse
import io
import json
from pathlib import Path

import sentencepiece

from make_corpus import document

TEXTS = ["Hello world", "", "a", " two  spaces ", "The fox and the lantern.", "Zoë saw a 🦊 near the café.", "tabs\tand\nnew lines\n",
         "ﬁne １２３ ﬀ", "Once upon a time there was a bear", "Å\u212b A\u030a x\u00adyz \u200b…", "漢字とかな 한국어", "x" * 50,
         "3 + 4 = 7, isn't it?", "  ", "UPPER lower MiXeD", "é vs e\u0301", "\u3000wide"]

IDENTITY = {"normalization_rule_name": "identity", "remove_extra_whitespaces": False, "byte_fallback": True}
MODELS = {
    "unigram-bytes": {"model_type": "unigram", "vocab_size": 900, "user_defined_symbols": ["<|turn|>"], **IDENTITY},
    "unigram-nfkc": {"model_type": "unigram", "vocab_size": 600, "normalization_rule_name": "nmt_nfkc"},
    "bpe-bytes": {"model_type": "bpe", "vocab_size": 900, "user_defined_symbols": ["<|turn|>"], **IDENTITY},
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    corpus = [line for i in range(600) for line in document("sentencepiece", i).splitlines()]
    texts = TEXTS + [line for line in document("sentencepiece goldens", 3).splitlines() if line]
    for name, settings in MODELS.items():
        model = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(corpus), model_writer=model, num_threads=1, minloglevel=2,
                                                 **settings)
        (options.out / f"{name}.model").write_bytes(model.getvalue())
        processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
        goldens = [{"text": text, "ids": processor.encode(text), "decoded": processor.decode(processor.encode(text))} for text in texts]
        (options.out / f"{name}.json").write_text(json.dumps(goldens, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
