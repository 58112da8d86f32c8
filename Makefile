# The commands of a working day. `make help` lists them; what each needs from Debian is installed when it is missing.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help build build-debug run demo test test-swift test-system test-browser mutants catalogue chaos fuzz fuzz-replay bench lint format edges ship-migrations clean

# Arguments for the program behind run, demo, bench, test-swift (FILTER), test-browser and chaos: make demo ARGS=--fresh
ARGS ?=
# The port of `make demo`.
PORT ?= 8080
# A regular expression: make test-swift FILTER=AlertRoutesTests
FILTER ?=

help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1|/' | awk -F'|' '{ printf "  make %-15s %s\n", $$1, $$2 }'

build: ## Build the program (release)
	@scripts/prepare build
	swift build --configuration release --product datashield

build-debug: ## Build the program and the tests (debug)
	@scripts/prepare build
	swift build --build-tests

run: ## Build and run the server (its settings come from the environment)
	@scripts/prepare build serve
	swift build --configuration release --product datashield
	.build/release/datashield serve $(ARGS)

demo: ## Build and run a made-up, scanned company on http://127.0.0.1:8080 (PORT=8081 for another port)
	@PORT=$(PORT) scripts/demo $(ARGS)

test: ## Run all tests, and print where the time went
	@scripts/prepare build serve moto browser directory
	@scripts/times table $(MAKE) --no-print-directory test-swift test-system test-browser

# The program and the tests, built once whichever tests follow.
.PHONY: built
built:
	@scripts/prepare build
	@scripts/times of build swift build --build-tests

test-swift: built ## Run the Swift tests on a PostgreSQL of their own (FILTER=… for some)
	@scripts/prepare serve moto directory
	DATASHIELD_MOTO_SERVER="$$(scripts/moto-server)" scripts/times of swift scripts/with-postgres \
		swift test --skip-build --disable-xctest $(if $(TEST_TIMES),--xunit-output $(TEST_TIMES)/swift.xml) $(if $(FILTER),--filter '$(FILTER)') $(ARGS)

test-system: built ## Run the tests of whole processes: killed, starved of disk, cut off from their database
	@scripts/prepare serve browser directory
	TESTS=Tests/System scripts/times of system scripts/browser-tests $(ARGS)

test-browser: built ## Run the browser tests on a demo of their own (ARGS='-k alert' for some)
	@scripts/prepare serve browser directory
	scripts/times of browser scripts/browser-tests $(ARGS)

mutants: ## Weaken the schema in each way, one at a time, and say what no test notices
	@scripts/prepare build serve
	swift build --build-tests
	DATASHIELD_MUTANTS=1 scripts/with-postgres swift test --skip-build --disable-xctest --filter CatalogueListTests

catalogue: ## Write Tests/Schema/catalogue.txt anew after a migration; then read `git diff`
	@scripts/prepare build serve
	swift build --build-tests
	DATASHIELD_WRITE_CATALOGUE=1 scripts/with-postgres swift test --skip-build --disable-xctest --filter CatalogueListTests

chaos: ## Kill program, database and readings at random under load, and check what is left (ARGS='--seed 7 --kills 80')
	@scripts/prepare build serve
	$(if $(DATASHIELD_PROGRAM),,swift build --build-tests)
	@scripts/chaos $(ARGS)

fuzz: ## Run each parser of leak files under libFuzzer for a while (ARGS=300 for so many seconds each)
	@scripts/prepare build
	@scripts/fuzz $(ARGS)

fuzz-replay: ## Run each parser of leak files over its corpus once
	@scripts/prepare build
	@scripts/fuzz replay

bench: ## Measure, and print a table of results and bars
	@scripts/bench $(ARGS)

lint: ## Check layout and house rules
	@scripts/prepare build lint
	@scripts/lint

format: ## Lay the code out
	swift format --in-place --recursive --parallel Sources Tests Benchmarks Package.swift Fuzz/Package.swift

edges: ## Write scripts/house/edges.txt anew: which folder names which
	@python3 scripts/house edges --write

ship-migrations: ## Write down the checksums of new migrations, as the last thing before they land
	@python3 scripts/house ship

clean: ## Remove what was built, and the tests' Python environments
	rm -rf .build .venv-browser .venv-moto
