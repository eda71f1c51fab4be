# `make demo` trains the built-in problem and writes a report; `make test` runs everything that CI checks.
PYTHON ?= python3
BACKEND ?= jax
VENV ?= .venv
OUT ?= report

# Some machines hold a CPU build of this release; a range could fetch gigabytes of GPU libraries.
TORCH = torch==2.13.0

# Tests compile many small models and run each a few times: keep what is compiled, and do not optimise it.
QUICK = JAX_COMPILATION_CACHE_DIR=$(CURDIR)/$(VENV)/jax-cache JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS=0.2 \
  XLA_FLAGS="--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"

.PHONY: demo test test-nightly every-member fuzz long devices reliability compatibility bench check mutants clean
.DEFAULT_GOAL := help

help:
	@echo "make demo [BACKEND=jax|tensorflow|torch]   train the digits with three balancers and write $(OUT)/report.html"
	@echo "make test                                  install all backends and run everything that CI checks"
	@echo "make test-nightly                          the same tests under keras-nightly, in an environment of its own"
	@echo "make every-member                          every balancer, resumed and guarded, on every backend; half an hour"
	@echo "make check                                 only the static checks: ruff, mypy, import-linter"
	@echo "make compatibility                         train every class of Keras with and without multiloss; two hours"
	@echo "make bench [TABLE=exactness|solve|step]    the tables of docs/benchmarks.md beside other libraries; 45 minutes"
	@echo "make fuzz                                  two thousand uses at random on each backend; half an hour"
	@echo "make long                                  twenty thousand steps, forty models: memory beside plain Keras; half an hour"
	@echo "make devices                               every configuration on several devices and processes; an hour"
	@echo "make reliability                           faults by the hundred in every kind of file, and a table of the counts"
	@echo "make mutants                               the tests against changed formulas; hours"

$(VENV)/demo-$(BACKEND): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	@if [ "$(BACKEND)" = torch ]; then $(VENV)/bin/python -m pip install --quiet "$(TORCH)"; fi
	$(VENV)/bin/python -m pip install --quiet -e ".[$(BACKEND),all]"
	touch $@

demo: $(VENV)/demo-$(BACKEND)
	KERAS_BACKEND=$(BACKEND) $(VENV)/bin/multiloss compare --tuned-trials 4 --out $(OUT)
	@echo "The report is $(abspath $(OUT)/report.html)"

$(VENV)/test: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet "$(TORCH)"
	$(VENV)/bin/python -m pip install --quiet -e ".[tensorflow,jax,torch,all,test]"
	touch $@

check: $(VENV)/test
	$(VENV)/bin/ruff check src tests benchmarks examples
	$(VENV)/bin/ruff format --check src tests benchmarks examples
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

test: check
	failed=0; for backend in jax torch tensorflow; do \
	  echo "== $$backend"; \
	  KERAS_BACKEND=$$backend TF_CPP_MIN_LOG_LEVEL=3 OMP_NUM_THREADS=1 $(QUICK) \
	    $(VENV)/bin/python -m pytest -n 2 --dist worksteal || failed=1; \
	done; exit $$failed

# Plain Keras against multiloss over all of Keras's public classes, and the page about it. A case that has a verdict in
# tests/compatibility/verdicts is judged anew, unless ONLY=--missing. Callbacks and data forms need a few packages more.
ONLY ?=
compatibility: $(VENV)/test
	$(VENV)/bin/python -m pip install --quiet -e ".[compatibility]"
	for backend in torch jax tensorflow; do \
	  KERAS_BACKEND=$$backend TF_CPP_MIN_LOG_LEVEL=3 OMP_NUM_THREADS=1 PYTHONPATH=tests $(QUICK) \
	    $(VENV)/bin/python -W ignore -m compatibility.run $(ONLY) || exit 1; \
	done
	KERAS_BACKEND=torch PYTHONPATH=tests $(VENV)/bin/python -W ignore -m compatibility.page

# docs/benchmarks.md: step, solve and exactness beside other libraries, or one TABLE alone. No other load, for the times.
# LibMTL asks for torchvision, which its methods do not need.
TABLE ?= all
$(VENV)/bench: $(VENV)/test
	$(VENV)/bin/python -m pip install --quiet -e ".[benchmarks]"
	$(VENV)/bin/python -m pip install --quiet --no-deps "LibMTL==1.1.5"
	touch $@

bench: $(VENV)/bench
	$(VENV)/bin/python benchmarks/bench.py $(TABLE)

# Thousands of right and of wrong uses, where `make test` tries forty; not in CI.
FUZZ ?= 1000
fuzz: $(VENV)/test
	failed=0; for backend in torch tensorflow jax; do \
	  echo "== $$backend: $(FUZZ) right and $(FUZZ) wrong uses"; \
	  FUZZ_CASES=$(FUZZ) KERAS_BACKEND=$$backend TF_CPP_MIN_LOG_LEVEL=3 OMP_NUM_THREADS=1 $(QUICK) \
	    $(VENV)/bin/python -m pytest -n 2 tests/fuzz || failed=1; \
	done; exit $$failed

# Exact resume and the guard for every balancer on every backend, where `make test` tries a few on JAX and TensorFlow.
every-member: $(VENV)/test
	failed=0; for backend in torch tensorflow jax; do \
	  echo "== $$backend"; \
	  EVERY_MEMBER=1 KERAS_BACKEND=$$backend TF_CPP_MIN_LOG_LEVEL=3 OMP_NUM_THREADS=1 $(QUICK) \
	    $(VENV)/bin/python -m pytest -n 2 --dist worksteal \
	    tests/training/test_exact_resume.py tests/training/test_guard_of_every_member.py || failed=1; \
	done; exit $$failed

# Memory over twenty thousand steps and forty models, beside plain Keras; not in CI. No other load, for the times.
THOUSANDS ?= 20
MODELS ?= 40
long: $(VENV)/test
	failed=0; for backend in torch jax tensorflow; do \
	  LONG_THOUSANDS=$(THOUSANDS) LONG_MODELS=$(MODELS) \
	  KERAS_BACKEND=$$backend TF_CPP_MIN_LOG_LEVEL=3 OMP_NUM_THREADS=1 \
	    $(VENV)/bin/python -m pytest -m long -s tests/long || failed=1; \
	done; exit $$failed

# Every configuration on several devices and processes against one device, and the tables of the differences; not in CI.
devices: $(VENV)/test
	failed=0; for backend in jax torch tensorflow; do \
	  DEVICES=all KERAS_BACKEND=$$backend TF_CPP_MIN_LOG_LEVEL=3 OMP_NUM_THREADS=1 $(QUICK) \
	    $(VENV)/bin/python -m pytest -s tests/devices > $(VENV)/devices.log 2>&1 || failed=1; \
	  echo "== $$backend"; sed -n 's/^\.*\(|.*|\)$$/\1/p; $$p' $(VENV)/devices.log; \
	done; exit $$failed

# The same tests under the Keras of tomorrow, in an environment of its own, without what takes longest; not in CI.
NIGHTLY = $(VENV)-nightly
$(NIGHTLY)/test: pyproject.toml
	$(PYTHON) -m venv $(NIGHTLY)
	$(NIGHTLY)/bin/python -m pip install --quiet "$(TORCH)"
	$(NIGHTLY)/bin/python -m pip install --quiet -e ".[tensorflow,jax,torch,all,test]"
	$(NIGHTLY)/bin/python -m pip uninstall --quiet --yes keras
	$(NIGHTLY)/bin/python -m pip install --quiet --no-deps keras-nightly
	touch $@

# Keras 3.16 warns of every mask that reaches an LSTM, which uses it and does not hand it on, even where nothing behind
# it needs a mask: a warning there, not an error.
test-nightly: $(NIGHTLY)/test
	$(NIGHTLY)/bin/python -m pip install --quiet --no-deps --upgrade keras-nightly
	failed=0; for backend in torch jax tensorflow; do \
	  echo "== $$backend"; \
	  KERAS_BACKEND=$$backend TF_CPP_MIN_LOG_LEVEL=3 OMP_NUM_THREADS=1 $(subst $(VENV)/jax,$(NIGHTLY)/jax,$(QUICK)) \
	    $(NIGHTLY)/bin/python -m pytest -n 2 --dist worksteal -W "ignore:Layer 'lstm:UserWarning" || failed=1; \
	done; exit $$failed

# Full disks, killed processes and damaged files, with the counts: injected, survived, lost. A part of make test.
reliability: $(VENV)/test
	@echo "| fault | file | injected | survived | lost |"
	KERAS_BACKEND=torch TF_CPP_MIN_LOG_LEVEL=3 OMP_NUM_THREADS=1 $(VENV)/bin/python -m pytest -s tests/reliability \
	  > $(VENV)/reliability.log 2>&1; failed=$$?; sed -n 's/^\.*\(|.*|\)$$/\1/p; $$p' $(VENV)/reliability.log; exit $$failed

# The tests of the formulas against changed formulas, on a sample; not in CI. It changes files under src while it runs.
MUTANTS ?= 200
FORMULA_TESTS = tests/masks tests/reference tests/terms tests/properties tests/contract tests/training
mutants: $(VENV)/test
	$(VENV)/bin/python -m pip install --quiet -e ".[mutants]"
	mkdir -p .mutants
	KERAS_BACKEND=torch OMP_NUM_THREADS=1 COVERAGE_FILE=.mutants/coverage $(VENV)/bin/python -m pytest -n 2 -q \
	  --cov=multiloss --cov-context=test --cov-report= --junitxml=.mutants/junit.xml $(FORMULA_TESTS)
	$(VENV)/bin/cosmic-ray init --force tests/mutation/core.toml .mutants/mutants.sqlite
	$(VENV)/bin/cr-filter-operators .mutants/mutants.sqlite tests/mutation/core.toml
	$(VENV)/bin/python tests/mutation/sample.py .mutants/mutants.sqlite $(MUTANTS)
	PATH="$(CURDIR)/$(VENV)/bin:$$PATH" KERAS_BACKEND=torch OMP_NUM_THREADS=1 \
	  $(VENV)/bin/cosmic-ray exec tests/mutation/core.toml .mutants/mutants.sqlite
	$(VENV)/bin/cr-report .mutants/mutants.sqlite --show-diff --surviving-only

clean:
	rm -rf $(VENV) $(NIGHTLY) $(OUT) .mutants
