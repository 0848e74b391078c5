# Each target installs by itself what a fresh Debian 12 or 13 lacks (deploy/setup). Builds lie in
# $AENEAS_BUILD, ${XDG_CACHE_HOME:-~/.cache}/aeneas-build by default, and are shared by all clones.

.PHONY: build test test-full check format lint bench demo agent install

build: ## the debug build
	deploy/build debug

test: ## all tests but the long ones; FILTER=NAME for some
	deploy/test $(if $(FILTER),--filter '$(FILTER)')

test-full: ## also the other releases of Cassandra and the long sweeps; takes an hour and a half
	AENEAS_TEST_FULL=1 deploy/test $(if $(FILTER),--filter '$(FILTER)')

check: ## declared imports, layering, no fetched packages
	deploy/check

format:
	deploy/format

lint: ## says what `make format` would change
	deploy/format lint

bench: ## figures against rclone, nodetool and sftp, side by side
	deploy/bench

demo: ## three nodes, a backup, a lost node, its restore
	deploy/demo

agent: ## the static agent, as it is pushed to nodes
	deploy/agent

install: ## programs, completions and man pages under PREFIX
	@test -n "$(PREFIX)" || { echo "usage: make install PREFIX=DIR" >&2; exit 64; }
	deploy/install "$(PREFIX)"
