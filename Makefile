# Verbs of the BDA reproduction suite. `make` or `make help` lists them; `make -n VERB` shows the
# commands of one without running them. Each verb prints its commands and their durations.
#
# Variables: BDA_BACKEND=portable  portable Swift kernels even where oneDNN is installed
#            BDA_TUNE=generic      for any machine of the architecture, not this host's vector units
#            BDA_MIRROR=DIR        copy the public data sets from DIR instead of downloading them
#            BDA_DATA_DIR=DIR      where data sets live (default: datasets)
#            BDA_INSTALL=no        never install system packages
#            BUDGET=short|paper    the budget of `tables`, `check` and the verbs on real data

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

# --- The kernels --------------------------------------------------------------------------------

ONEDNN_HEADERS := /usr/include/oneapi/dnnl/dnnl.h /usr/include/dnnl.h \
  /usr/local/include/dnnl.h /usr/local/include/oneapi/dnnl/dnnl.h

ifneq ($(filter-out portable onednn,$(BDA_BACKEND)),)
$(error BDA_BACKEND is "$(BDA_BACKEND)": use portable or onednn, or leave it unset)
endif

# oneDNN where its header is, unless told otherwise. The answer is passed to every command by name:
# SwiftPM remembers an evaluated manifest by its environment, and would not notice a new header.
ifeq ($(BDA_BACKEND),portable)
BACKEND := portable
else ifneq ($(wildcard $(ONEDNN_HEADERS)),)
BACKEND := onednn
else ifeq ($(BDA_BACKEND),onednn)
# Expanded, and so reported, only by verbs that build: `make setup` can still repair it.
BACKEND = $(error BDA_BACKEND is onednn, but its header is not installed: run make setup)
else
BACKEND := portable
endif

# Both builds live side by side, so that switching costs nothing.
BUILD = $(if $(filter portable,$(BACKEND)),.build-portable,.build)

TIMED := scripts/timed
SWIFT = $(TIMED) env BDA_BACKEND=$(BACKEND) swift
RELEASE = -c release --scratch-path $(BUILD)
# A built command: `$(RUN)/report table`; with its output in a log, $(LOGGED).
RUN = @$(TIMED) env BDA_BACKEND=$(BACKEND) $(BUILD)/release
LOG := results/logs/reproduce.log
LOGGED = @$(TIMED) --log $(LOG) $(BUILD)/release

# Suites whose numbers pass through the kernels: tested with both backends of the binary.
KERNEL_TESTS := TensorsTests|AutodiffTests|NetworksTests|BilevelTests
SOURCES := Sources Tests Package.swift

# --- What `make reproduce` runs -----------------------------------------------------------------

# One experiment a line; each reads what `datasets synthesise` wrote.
define SMOKE_EXPERIMENTS
$(LOGGED)/counter-example run --budget smoke --scalar double
$(LOGGED)/counter-example run --budget smoke --scalar double --protocol strongly-convex
$(LOGGED)/counter-example sweep --budget smoke --scalar double
$(LOGGED)/counter-example sweep --budget smoke --scalar double --schedules
$(LOGGED)/counter-example sweep --budget smoke --scalar double --schedules --protocol biased --inner-steps 64 --inner-steps 256
$(LOGGED)/counter-example sweep --budget smoke --scalar double --protocol quartic --method rhg --method t-rhg --method neumann --method bda
$(LOGGED)/counter-example sweep --budget smoke --scalar double --protocol quartic --method cg --damping 0.01
$(LOGGED)/hyper-cleaning run --budget smoke
$(LOGGED)/hyper-cleaning run --budget smoke --seed 3,4 --method rhg --method bda --method one-stage
$(LOGGED)/hyper-cleaning run --budget smoke --reduced --method rhg
$(LOGGED)/hyper-cleaning run --budget smoke --protocol official-code --method rhg --method bda
$(LOGGED)/hyper-representation run --budget smoke
$(LOGGED)/hyper-representation run --budget smoke --protocol few-labels
$(LOGGED)/hyper-representation run --budget smoke --protocol few-labels-convolutional
$(LOGGED)/hyper-representation run --budget smoke --protocol set-valued-least-squares
$(LOGGED)/hyper-representation run --budget smoke --protocol set-valued-least-squares --seed 1...4 --method rhg --method bda
$(LOGGED)/hyper-representation run --budget smoke --protocol set-valued-cross-entropy
$(LOGGED)/hyper-representation run --budget smoke --protocol few-labels --seed 0,1 --method random-features --method ridge-head --method joint-training
$(LOGGED)/few-shot run --budget smoke
$(LOGGED)/few-shot run --budget smoke --seed 1...4 --method rhg --method bda --method maml --method fomaml
$(LOGGED)/few-shot run --budget smoke --seed 0,1 --set tuning.trials=3 --method raw-pixels --method untrained --method prototypes --method ridge-head --method supervised
endef

define REPRESENTATION_EXPERIMENTS
$(RUN)/hyper-representation run --budget $(REAL) --skip-completed --protocol set-valued-least-squares --method rhg --method cg --method bda
$(RUN)/hyper-representation run --budget $(REAL) --skip-completed --protocol set-valued-cross-entropy --method rhg --method bda
$(RUN)/hyper-representation run --budget $(REAL) --skip-completed --protocol few-labels --method rhg --method bda
endef

# The budget of the verbs below that take one.
BUDGET ?= smoke
# Real data is not run at smoke budget, which is synthetic.
REAL = $(if $(filter smoke,$(BUDGET)),short,$(BUDGET))

# --- Verbs --------------------------------------------------------------------------------------

.PHONY: help
help: ## List the verbs
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(firstword $(MAKEFILE_LIST)) \
	  | while IFS='|' read -r verb text; do printf '  make %-32s %s\n' "$$verb" "$$text"; done

.PHONY: setup
setup: ## Install what is missing with apt-get where permitted; otherwise print the command
	@$(TIMED) scripts/setup

.PHONY: doctor
doctor: ## Show what is needed, what is there, and the remedy for what is not
	@$(TIMED) scripts/doctor

.PHONY: build
build: ## Build everything in release for this host's vector units
	@$(SWIFT) build $(RELEASE)

# `setup` may install oneDNN: the second make sees it and picks the kernels again.
.PHONY: test
test: setup ## Run all tests, and those of the kernels with the portable backend as well
	@$(MAKE) --no-print-directory test-suites

.PHONY: test-suites
test-suites:
	@$(SWIFT) build $(RELEASE) --build-tests
ifeq ($(BACKEND),onednn)
	@$(TIMED) env BDA_BACKEND=portable swift test $(RELEASE) --skip-build --filter '$(KERNEL_TESTS)'
endif
	@$(SWIFT) test $(RELEASE) --skip-build

.PHONY: test-debug
test-debug: setup ## Run all tests in debug, with overflow and bounds checks (slow)
	@$(MAKE) --no-print-directory test-debug-suites

.PHONY: test-debug-suites
test-debug-suites:
	@$(SWIFT) test -c debug --scratch-path $(BUILD)

# Each point of every experiment; `make test` tries some of them.
.PHONY: test-faults
test-faults: setup ## Kill, fail and interrupt runs at every system call that writes results (half an hour)
	@$(SWIFT) build $(RELEASE) --build-tests
	@$(TIMED) env BDA_TEST_FAULTS=all BDA_TEST_KILLS=100 swift test $(RELEASE) --skip-build \
	  --filter 'ExactFaultTests|MachineFaultTests|LimitTests|StoppingTests'

# What reads files and what shares memory; not the long numerical suites, nor other processes.
ADDRESS_TESTS := FilesTests|DatasetsTests|ResultsTests|ReportingTests|CommandsTests|TensorsTests|NetworksTests|ExperimentsTests
# What has threads.
THREAD_TESTS := TensorsTests|DatasetsTests|FilesTests|CommandsTests|ExperimentsTests

# Leaks are not looked for: the runtime and Foundation keep what they make once for ever.
.PHONY: test-asan
test-asan: setup ## Run the tests of readers and kernels with the address sanitizer (slow)
	@$(TIMED) env BDA_BACKEND=$(BACKEND) ASAN_OPTIONS=detect_leaks=0 \
	  swift test -c release --sanitize=address --scratch-path $(BUILD)-asan --filter '$(ADDRESS_TESTS)'

# Portable kernels: the threads of oneDNN are those of OpenMP, which the sanitizer does not know.
.PHONY: test-tsan
test-tsan: setup ## Run the tests of what has threads with the thread sanitizer (slow)
	@$(TIMED) env BDA_BACKEND=portable BDA_THREADS=4 \
	  TSAN_OPTIONS="suppressions=$(CURDIR)/Tests/thread-sanitizer.txt" \
	  swift test -c release --sanitize=thread --scratch-path .build-portable-tsan --filter '$(THREAD_TESTS)'

FUZZ_READERS ?= idx idx-gzip gzip tar zip cifar png split hdf5 yaml record references claims tolerances checkpoint
FUZZ_SECONDS ?= 600

# lld: the gold linker breaks down on the debugging information of instrumented code.
.PHONY: fuzz
fuzz: setup ## Fuzz every reader, guided by coverage (FUZZ_SECONDS=600 FUZZ_READERS="png tar")
	@$(TIMED) env BDA_FUZZ=1 BDA_BACKEND=portable swift build -c release --scratch-path .build-fuzz \
	  --product fuzz -Xswiftc -sanitize=fuzzer -Xswiftc -use-ld=lld
	@for reader in $(FUZZ_READERS); do mkdir -p .build-fuzz/found/$$reader; \
	  $(TIMED) env BDA_FUZZ_READER=$$reader .build-fuzz/release/fuzz -max_total_time=$(FUZZ_SECONDS) \
	    -timeout=5 -rss_limit_mb=2048 -max_len=65536 -print_final_stats=1 \
	    -artifact_prefix=.build-fuzz/found/$$reader- \
	    .build-fuzz/found/$$reader Tests/Corpora/$$reader || exit 1; done

DATASETS ?= mnist fashion-mnist omniglot

.PHONY: data
data: build ## Fetch, verify and convert MNIST, Fashion-MNIST and Omniglot (BDA_MIRROR=DIR: a local copy)
	$(RUN)/datasets fetch $(DATASETS)
	$(RUN)/datasets convert $(DATASETS)
	$(RUN)/datasets verify $(DATASETS)

.PHONY: reproduce
reproduce: setup ## From nothing to tables and verdicts in minutes: build, synthesise, run, check
	@$(TIMED) $(MAKE) --no-print-directory reproduce-smoke

# The last screen says what was found; it ends with an exit code of its own, which `report --help`
# explains. Runs of one's own beside the suite's are passed over.
.PHONY: reproduce-smoke
reproduce-smoke: build
	@rm -f $(LOG)
	$(RUN)/datasets synthesise
	$(SMOKE_EXPERIMENTS)
	@code=0; $(TIMED) env BDA_BACKEND=$(BACKEND) $(BUILD)/release/report summary --budget smoke --referenced-only || code=$$?; \
	  $(TIMED) env BDA_BACKEND=$(BACKEND) $(BUILD)/release/report page && exit $$code

# Real data, at the budget short unless BUDGET=paper; a second call skips what is complete.
.PHONY: reproduce-hyper-cleaning
reproduce-hyper-cleaning: data ## Hyper-cleaning on real MNIST (BUDGET=short or paper)
	$(RUN)/hyper-cleaning run --budget $(REAL) --skip-completed
	$(RUN)/report table --budget $(REAL) --experiment hyper-cleaning

.PHONY: reproduce-hyper-representation
reproduce-hyper-representation: data ## Hyper-representation on real MNIST (BUDGET=short or paper)
	$(REPRESENTATION_EXPERIMENTS)
	$(RUN)/report table --budget $(REAL) --experiment hyper-representation

.PHONY: reproduce-few-shot
reproduce-few-shot: data ## Few-shot classification on real Omniglot (BUDGET=short or paper)
	$(RUN)/few-shot run --budget $(REAL) --skip-completed
	$(RUN)/report table --budget $(REAL) --experiment few-shot

# As long as it takes: stop it at will, the same verb goes on. A cell that fails holds up no other sweep;
# the verb then ends with that sweep's code. SWEEPS may name some of them.
SWEEPS ?= hyper-cleaning-main hyper-cleaning-schedules hyper-cleaning-protocols one-stage \
  hyper-representation few-shot clean-validation
JOBS ?= 1

.PHONY: paper
paper: data ## Every table of the articles on real data, resumable (SWEEPS=one-stage, JOBS=2)
	@code=0; for sweep in $(SWEEPS); do \
	  $(TIMED) env BDA_BACKEND=$(BACKEND) $(BUILD)/release/sweep run experiments/sweeps/$$sweep.yaml --jobs $(JOBS) \
	    || { code=$$?; [ $$code -lt 128 ] || exit $$code; }; \
	done; \
	$(TIMED) env BDA_BACKEND=$(BACKEND) $(BUILD)/release/report table --budget paper; exit $$code

.PHONY: test-slurm
test-slurm: ## Try sweeps on a real Slurm of one node (root; installs slurm-wlm and munge; minutes)
	@$(TIMED) scripts/slurm
	@$(SWIFT) build $(RELEASE) --build-tests
# Not by swift test, which lets nobody else build while it waits.
	@$(TIMED) env BDA_TEST_SLURM=yes BDA_BACKEND=$(BACKEND) \
	  $(BUILD)/release/bilevel-descent-aggregationPackageTests.xctest --testing-library swift-testing --filter SlurmTests

# Reading records needs none of the C libraries: build that one product.
.PHONY: report-build
report-build:
	@$(SWIFT) build $(RELEASE) --product report

.PHONY: tables
tables: report-build ## Print the tables of the records in results/runs (BUDGET=...)
	$(RUN)/report table --budget $(BUDGET)

.PHONY: figures
figures: build ## Draw the chosen figures of the records in results/runs (ALL=--all: every metric)
	$(RUN)/report figure $(ALL)
	@$(TIMED) env COMMANDS=$(BUILD)/release experiments/counter-example/figures.sh

.PHONY: page
page: report-build ## Write the page to judge the reproduction by: results/report.html and REPORT.md
	$(RUN)/report page

.PHONY: check
check: report-build ## Compare the records with references and claims (BUDGET=...)
	$(RUN)/report check --budget $(BUDGET)

CROSS_CHECK := experiments/cross-check
CROSS_CHECK_PYTHON := .build/cross-check/bin/python

.PHONY: cross-check
cross-check: build ## Recompute hypergradients with JAX and compare (needs python3 and pip; minutes)
	@if ! command -v python3 > /dev/null; then \
	  echo "cross-check: python3 is not installed, so the stored fixture was not recomputed."; \
	  exit 0; fi; \
	set -x; python3 -m venv .build/cross-check; \
	$(CROSS_CHECK_PYTHON) -m pip install -q -r $(CROSS_CHECK)/requirements.txt; \
	JAX_PLATFORMS=cpu $(CROSS_CHECK_PYTHON) $(CROSS_CHECK)/cross_check.py compare \
	  $(CROSS_CHECK)/fixtures/inputs.h5 $(CROSS_CHECK)/fixtures/expected.h5; \
	JAX_PLATFORMS=cpu $(CROSS_CHECK_PYTHON) $(CROSS_CHECK)/representation.py \
	  $(BUILD)/release/hyper-representation; \
	JAX_PLATFORMS=cpu $(CROSS_CHECK_PYTHON) $(CROSS_CHECK)/few_shot.py $(BUILD)/release/few-shot rhg bda fomaml

.PHONY: bench-peers-setup
bench-peers-setup: ## Install JAX and PyTorch for `make bench` into .build/peers (gigabytes)
	@$(TIMED) python3 -m venv .build/peers
	@$(TIMED) .build/peers/bin/python -m pip install -q -r experiments/performance/requirements.txt

.PHONY: bench
bench: build ## Measure every row beside JAX and PyTorch (ROWS='"B sparse" "E n = 1 RHG"')
	@$(TIMED) .build/peers/bin/python experiments/performance/bench.py --binaries $(BUILD)/release $(ROWS)

.PHONY: bench-limits
bench-limits: build ## Set the last `make bench` beside this machine's limits, and scale K, n and threads
	@$(TIMED) .build/peers/bin/python experiments/performance/limits.py
	@$(TIMED) .build/peers/bin/python experiments/performance/scaling.py --binaries $(BUILD)/release

# Debug builds: after a change of one file they are much faster than release builds.
.PHONY: mutants
mutants: ## Build small mistakes into a copy, one at a time, and see which test catches each (hours)
	@$(TIMED) scripts/mutants

# --- Getting it ---------------------------------------------------------------------------------

PREFIX ?= /usr/local

.PHONY: install
install: build ## Install commands, manual pages and completions (PREFIX=/usr/local, DESTDIR=)
	@$(TIMED) env DESTDIR="$(DESTDIR)" BDA_BACKEND=$(BACKEND) scripts/install $(BUILD) "$(PREFIX)"

.PHONY: uninstall
uninstall: ## Remove what `make install` put below PREFIX
	@$(TIMED) env DESTDIR="$(DESTDIR)" scripts/install --uninstall "$(PREFIX)"

ARCHIVE_NAME = bilevel-descent-aggregation-linux-$(shell uname -m)

# For machines without the Swift toolchain: its libraries are linked statically, and the code runs on
# any processor of the architecture.
.PHONY: archive
archive: setup ## Write results/archive/*.tar.gz: the commands for machines without Swift
	@$(TIMED) env BDA_BACKEND=$(BACKEND) BDA_TUNE=generic swift build -c release \
	  --scratch-path .build-archive --static-swift-stdlib
	@rm -rf results/archive/$(ARCHIVE_NAME)
	@$(TIMED) env BDA_BACKEND=$(BACKEND) BDA_TUNE=generic scripts/install .build-archive \
	  "$(CURDIR)/results/archive/$(ARCHIVE_NAME)"
	@cp README.md LICENSE CITATION.cff THIRD_PARTY.md results/archive/$(ARCHIVE_NAME)/
	@$(TIMED) tar -C results/archive -czf results/archive/$(ARCHIVE_NAME).tar.gz $(ARCHIVE_NAME)

.PHONY: docs
docs: build ## Write the documentation as a static site: results/documentation
	@$(TIMED) scripts/documentation $(BUILD) results/documentation

.PHONY: lint
lint: ## Look for violations of format and style, changing nothing
	@$(TIMED) swift format lint --strict --recursive $(SOURCES)
	@$(TIMED) bash -n scripts/timed scripts/setup scripts/doctor scripts/dependencies.bash \
	  scripts/install scripts/documentation scripts/snippet-graph scripts/mutants scripts/slurm .ci/run \
	  experiments/*/*.sh

.PHONY: format
format: ## Rewrite the sources in the project's format
	@$(TIMED) swift format --in-place --recursive $(SOURCES)

.PHONY: clean
clean: ## Remove what was built, the Python of bench and cross-check included
	@$(TIMED) rm -rf .build .build-portable .build-archive .build-asan .build-portable-asan \
	  .build-portable-tsan .build-fuzz

# Runs and data sets may have taken a night: never removed by a verb.
.PHONY: distclean
distclean: clean ## Also remove resolved versions, tables, figures, pages, archives; never records or data
	@$(TIMED) rm -rf Package.resolved .swiftpm results/logs results/tables results/figures results/documentation \
	  results/archive results/REPORT.md results/report.html
	@echo 'Kept: results/runs, results/slurm and datasets (remove them by hand if you mean to).'
