# Two commands do all the set-up: `make demo` and `make test`.
.PHONY: demo test chaos versions bench lint messages requirements clean

VENV := .venv
PYTHON := $(VENV)/bin/python

# A stamp per list of requirements: nothing is installed twice, a changed list is installed at once.
RUN_STAMP := $(VENV)/.stamp-run
TEST_STAMP := $(VENV)/.stamp-test
# Many tests wait for servers and disks, so three processes suit two cores; the tests of a file stay together.
PARALLEL := -n 3 --dist loadfile --no-loadscope-reorder
CATALOGUES := $(patsubst %.po,%.mo,$(wildcard oobsite/locale/*/LC_MESSAGES/django.po))

demo: $(RUN_STAMP) $(CATALOGUES)
	@$(PYTHON) -m demo $(if $(ONCE),--once)

test: $(TEST_STAMP) $(CATALOGUES) lint
	@$(PYTHON) -m pytest $(PARALLEL) $(ARGS)

chaos: $(TEST_STAMP) $(CATALOGUES)
	@OOB_CHAOS=1 $(PYTHON) -m pytest tests/real -m chaos $(ARGS)

# Servers of other series, 10.5 and 11.8: first beside our own programs, then the tests on servers with theirs.
SERVERS := bullseye trixie
ON_SERVERS := $(addprefix tests/real/test_,$(addsuffix .py,hot_backups proofs dumps grants cold_backups exports \
	restores restore_service restore_commands restore_kills sql_restores sql_kills sql_commands salvages))
# A restore on 10.5 has fewer steps at which it can be killed.
NOT_ON_SERVERS := not (recovered_to_one_state and 37)

versions: $(TEST_STAMP) $(CATALOGUES)
	@.ci/servers build/servers $(SERVERS)
	@OOB_VERSIONS=1 $(PYTHON) -m pytest tests/real -m versions $(ARGS)
	@set -e; for server in $(SERVERS); do echo "Debian $$server"; PATH="$(CURDIR)/build/servers/$$server/mariadb/bin:$$PATH" \
		$(PYTHON) -m pytest $(ON_SERVERS) -k "$(NOT_ON_SERVERS)" $(ARGS); done

bench: $(TEST_STAMP)
	@$(PYTHON) -m bench

lint: $(TEST_STAMP)
	@$(VENV)/bin/ruff check --quiet .
	@$(VENV)/bin/ruff format --check --quiet .
	@$(VENV)/bin/mypy --no-error-summary oobsite backups certs selfservice demo manage.py

# After a change of a text: collects the sentences, then translate them in the .po files.
messages: $(TEST_STAMP)
	$(PYTHON) manage.py makemessages --all --no-wrap --no-location --ignore=.venv --ignore=tests --ignore=bench

%.mo: %.po
	@msgfmt --check -o $@ $<

$(RUN_STAMP): requirements.txt .ci/packages
	@.ci/packages run $(VENV)
	@touch $@

$(TEST_STAMP): requirements-test.txt .ci/packages
	@.ci/packages test $(VENV)
	@touch $@ $(RUN_STAMP)

requirements:
	pip-compile --quiet --upgrade --generate-hashes --no-header --strip-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host -o requirements.txt pyproject.toml
	pip-compile --quiet --upgrade --generate-hashes --no-header --strip-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --extra test -o requirements-test.txt pyproject.toml

clean:
	rm -rf $(VENV) build demo-data .mypy_cache .ruff_cache .pytest_cache
