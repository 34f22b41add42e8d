# Earth Embedding Explorer: the server with its web page and the embedded world, ready to start.
#
#   docker build -t earth-embedding-explorer .
#   docker run --rm -p 127.0.0.1:8000:8000 earth-embedding-explorer
#
# Everything is fetched while building. The image needs no network when it runs, no root, and no
# writable file system but /var/lib/eex. How and why: docs/deploy.md.

ARG PYTHON_IMAGE=python:3.12-slim-bookworm

# ---- build: the wheel with its web page, a virtual environment, the embedded world --------------
FROM ${PYTHON_IMAGE} AS build

# Extras of the package, with commas: fast, models, olmoearth, raster, stac, faiss, qdrant, feedback, ray, pandas.
ARG EXTRAS=
# What `models` runs on, such as "torch==2.13.0 --index-url https://download.pytorch.org/whl/cpu".
ARG TORCH=

WORKDIR /src
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY web web
COPY src src

# The build hook brings Node.js from PyPI where there is none, and puts the page into the wheel.
RUN python3 -m venv /opt/eex \
    && pip="/opt/eex/bin/python -m pip --no-cache-dir --disable-pip-version-check" \
    && $pip wheel --quiet --no-deps --wheel-dir /wheels . \
    && if [ -n "$TORCH" ]; then $pip install --quiet $TORCH; fi \
    && wheel="$(echo /wheels/*.whl)" \
    && $pip install --quiet "$wheel${EXTRAS:+[$EXTRAS]}" \
    && $pip uninstall --quiet --yes pip \
    && packages="$(/opt/eex/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" \
    && rm -rf "$packages"/pyarrow/include "$packages"/pyarrow/tests "$packages"/numpy/*/tests \
      "$packages"/setuptools "$packages"/setuptools-*

# The embedded world is cut and embedded once, here, so that no start waits for it.
RUN EEX_CACHE_DIR=/var/lib/eex/cache EEX_SETS_DIR=/var/lib/eex/sets /opt/eex/bin/eex info world \
    && mkdir -p /var/lib/eex/sets /var/lib/eex/models

# ---- run ---------------------------------------------------------------------------------------
FROM ${PYTHON_IMAGE}

ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="Earth Embedding Explorer" \
      org.opencontainers.image.description="Ask the Earth in words, with a picture or a place." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}"

RUN useradd --system --uid 10001 --user-group --no-create-home --home-dir /var/lib/eex \
      --shell /usr/sbin/nologin eex

COPY --from=build /opt/eex /opt/eex
COPY --from=build --chown=10001:10001 /var/lib/eex /var/lib/eex
COPY deploy/health.py /usr/local/lib/eex/health.py
COPY LICENSE /usr/share/doc/earth-embedding-explorer/LICENSE

ENV PATH=/opt/eex/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/var/lib/eex \
    EEX_CACHE_DIR=/var/lib/eex/cache \
    EEX_SETS_DIR=/var/lib/eex/sets \
    EEX_MODELS_DIR=/var/lib/eex/models \
    EEX_HOST=0.0.0.0 \
    EEX_PORT=8000

USER 10001:10001
WORKDIR /var/lib/eex
VOLUME ["/var/lib/eex"]
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "/usr/local/lib/eex/health.py"]
ENTRYPOINT ["eex"]
CMD ["serve"]
