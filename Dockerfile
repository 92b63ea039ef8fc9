# Build:  docker build --tag openbell .
# Run:    docs/container.md

# By tag: no digest is known here. SECURITY.md says how to pin it to one, without an edit here.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm
FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /app
COPY requirements.lock requirements-runtime.lock ./
# Setuptools builds the few packages that come as source, and the project. It is the lock's too,
# and stays outside the environment that is copied below.
RUN python -m venv /opt/venv \
 && sed -n '/^setuptools==/,/^    # via/p' requirements.lock > /tmp/setuptools.lock \
 && /opt/venv/bin/pip install --no-deps --require-hashes --target /opt/setuptools \
        --requirement /tmp/setuptools.lock \
 && PYTHONPATH=/opt/setuptools /opt/venv/bin/pip install --no-deps --require-hashes \
        --no-build-isolation --use-pep517 --compile --requirement requirements-runtime.lock \
 && find /opt/venv/lib -type d -name tests -prune -exec rm -rf {} +
COPY pyproject.toml prefect.yaml README.md LICENSE ./
COPY trading trading
COPY blocks blocks
COPY tasks tasks
COPY flows flows
COPY deployments deployments
COPY api api
COPY docs docs
# Editable: flow runs work in the folder of prefect.yaml, and there is one copy of the code. All
# bytecode is written here: the image is read-only and would compile anew at every start.
RUN PYTHONPATH=/opt/setuptools /opt/venv/bin/pip install --no-deps --no-build-isolation \
        --editable . \
 && /opt/venv/bin/pip uninstall --yes pip setuptools \
 && rm -rf build openbell.egg-info requirements.lock \
 && python -m compileall -q /app
# Machine code of the built-in strategies, for processors like this one; others make their own.
RUN /opt/venv/bin/python -m deployments.machine_code

FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.title="openbell" \
      org.opencontainers.image.description="A self-hosted intraday trading bot, run as Prefect flows"
# A fixed number, so that a data folder of the host can be given to it: chown 10001:10001.
RUN groupadd --gid 10001 openbell \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data/home \
        --shell /usr/sbin/nologin openbell \
 && install --directory --owner 10001 --group 10001 --mode 0750 /data
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
# Whatever is written is written to /data and /tmp; the rest may be mounted read-only.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    MALLOC_ARENA_MAX=2 \
    HOME=/data/home \
    XDG_CACHE_HOME=/data/cache \
    MPLCONFIGDIR=/data/cache/matplotlib \
    PREFECT_HOME=/data/prefect \
    PREFECT_UI_STATIC_DIRECTORY=/data/cache/prefect-ui \
    DO_NOT_TRACK=1 \
    DATA_DIR=/data
WORKDIR /app
USER 10001:10001
VOLUME /data
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=180s --retries=3 \
    CMD ["python", "-m", "deployments.probe"]
# Any entry point of the project: docker run openbell flows backtest --help
ENTRYPOINT ["python", "-m"]
CMD ["deployments", "up", "--data-dir", "/data"]
