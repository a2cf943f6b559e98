# One image for all services: `web` serves the site as user oobsite, `worker` does the work, `cron` calls the watchdog
# (docker-compose.yaml).

# MARIADB_PROGRAMS=official takes the MariaDB programs of the server's own series instead of Debian's, which are 10.11.
ARG MARIADB_VERSION=10.11
ARG MARIADB_PROGRAMS=debian

FROM mariadb:${MARIADB_VERSION} AS programs-official
COPY docker/gather-mariadb /
RUN ["/gather-mariadb", "/", "/opt/mariadb"]

FROM python:3.12-slim-bookworm AS programs-debian
RUN mkdir -p /opt/mariadb/bin

# hadolint ignore=DL3006
FROM programs-${MARIADB_PROGRAMS} AS programs

FROM python:3.12-slim-bookworm AS build
# Debian keeps one version of a package per release: a pinned one would be gone at its next security update.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc gettext libc6-dev libmariadb-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*
RUN python -m venv /opt/venv
COPY requirements.txt /tmp/
RUN /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r /tmp/requirements.txt
COPY . /app
RUN find /app -name '*.po' -execdir msgfmt --check -o django.mo django.po ';' \
    && /opt/venv/bin/python -m compileall -q /app \
    && chmod 755 /app/manage.py \
    && ln -s /app/manage.py /opt/venv/bin/manage.py

FROM python:3.12-slim-bookworm
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        cron libarchive13 libmariadb3 mariadb-backup mariadb-client mariadb-server-core tar tzdata util-linux \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 64991 oobsite \
    && useradd --uid 64991 --gid oobsite --no-create-home --home-dir /data --shell /usr/sbin/nologin oobsite \
    && install -d -o oobsite -g oobsite -m 0771 /data \
    && install -d -m 0711 /work
COPY --from=programs /opt/mariadb /opt/mariadb
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/opt/mariadb/bin:/opt/venv/bin:$PATH \
    PORT=8000 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    OOB_DATA_DIR=/data \
    OOB_WORK_DIR=/work
USER 64991:64991
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=10s --start-period=120s --start-interval=2s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health/', timeout=8)"]
CMD ["/app/docker/start-web"]
