# What each target does: `make help`.

CARGO ?= cargo
ARGS ?=
TIER ?= B
MINUTES ?= 75
CORPUS ?= ../shared/abc:corpus
# Where its headers are there.
JACK = $(shell pkg-config --exists jack 2>/dev/null && echo --features jack)

# rustup's cargo, where no shell profile has put it on the path yet.
export PATH := $(PATH):$(HOME)/.cargo/bin
export CARGO

.DEFAULT_GOAL := help
.PHONY: help setup play test lint bench soak corpus guests picture train

help:
	@echo "make play    set up what is missing, build, and play; options in ARGS=\"...\""
	@echo "make test    set up what is missing and run every test; prints what each step took"
	@echo "make lint    formatting and clippy"
	@echo "make bench   figures of parser, synth, screen, model and clock; let nothing else run meanwhile"
	@echo "make soak    the long tests, which also hold the figures to their limits"
	@echo "make corpus  get the music that some tests and the training use, into corpus/"
	@echo "make guests  get two language models without music into target/guests/, for tests, soak and audition --guest"
	@echo "make picture make the README's pictures from a real run, into .github/"
	@echo "make train   train the model anew: TIER=A or B, MINUTES=75, CORPUS=folder:folder"
	@echo "make setup   only set up what is missing"

setup:
	@scripts/setup.sh play

play: setup
	@$(CARGO) run --release --locked $(JACK) -- $(ARGS)

test:
	@scripts/test.sh

lint:
	$(CARGO) fmt --check
	$(CARGO) clippy --release --locked --all-targets $(JACK) -- -D warnings

bench: setup
	$(CARGO) build --release --locked $(JACK)
	$(CARGO) run --release --locked --quiet $(JACK) -- bench parse
	$(CARGO) run --release --locked --quiet $(JACK) -- bench synth
	$(CARGO) run --release --locked --quiet $(JACK) -- bench screen
	$(CARGO) run --release --locked --quiet $(JACK) -- bench model
	$(CARGO) run --release --locked --quiet $(JACK) -- bench clock

soak:
	@scripts/setup.sh test
	$(CARGO) test --release --locked $(JACK) -- --ignored --nocapture --test-threads=1 soak

corpus:
	@scripts/corpus.sh

guests:
	@scripts/guests.sh

picture:
	@scripts/setup.sh test
	$(CARGO) build --release --locked
	scripts/picture.py target/release/barline .github

train:
	@scripts/setup.sh train
	@[ -d corpus/polyphony ] || scripts/corpus.sh || echo "train: going on with the collections that are there"
	TIER="$(TIER)" MINUTES="$(MINUTES)" CORPUS="$(CORPUS)" gguf/train/run.sh
	$(CARGO) run --release --locked --quiet -- audition --learn target/train/corpus/renditions.jsonl
