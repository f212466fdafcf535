# The command, the page and the workflow in one image; docs/sharing.md says how to build and run it.
FROM python:3.11-slim-bookworm AS build

# An index of packages with torch's small build for CPUs; without it torch's build for GPUs comes, which is large.
ARG TORCH_INDEX=""
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1

RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
WORKDIR /opt/unsmear

# torch by itself, so that a change of the code does not fetch it again.
COPY requirements.lock ./
RUN grep '^torch==' requirements.lock > torch.txt \
    && PIP_EXTRA_INDEX_URL=$TORCH_INDEX pip install --constraint requirements.lock --requirement torch.txt

COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN pip install --constraint requirements.lock --editable '.[app,heif]'

FROM python:3.11-slim-bookworm

# g++ makes networks faster on CPUs and serves torch.compile; without it torch's own operators do the work.
ARG EXTRA_PACKAGES=""
# hadolint ignore=DL3008
RUN if [ -n "$EXTRA_PACKAGES" ]; then \
        apt-get update \
        && apt-get install --yes --no-install-recommends $EXTRA_PACKAGES \
        && rm -rf /var/lib/apt/lists/*; \
    fi \
    && useradd --create-home --uid 1000 unsmear \
    && mkdir /data \
    && chown unsmear /data

COPY --from=build /opt/venv /opt/venv
WORKDIR /opt/unsmear
COPY pyproject.toml requirements.lock README.md LICENSE CITATION.cff Snakefile config.yaml ./
COPY src src
COPY workflow workflow
COPY config config
COPY profiles profiles
COPY envs envs

ENV PATH=/opt/venv/bin:$PATH \
    MLFLOW_DISABLE_TELEMETRY=true \
    PYTHONDONTWRITEBYTECODE=1

USER 1000
# Photos, results and caches of a run: a folder of the machine is mounted here.
WORKDIR /data
CMD ["unsmear", "--help"]
