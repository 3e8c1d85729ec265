# syntax=docker/dockerfile:1
# 标尺：服务与批次工作进程共用一个镜像。构建时需要软件包源；内部源用构建参数给出，值取自环境变量：
#   docker build --build-arg PIP_INDEX_URL --build-arg PIP_TRUSTED_HOST -t biaochi .
# 需要读取 rtf、odt、过旧的 doc 时，加 --build-arg OFFICE=1 安装 LibreOffice（约 400 MB）。
ARG BASE=python:3.11-slim

FROM ${BASE} AS build
# 只在构建阶段有效，不进入最终镜像。
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
ARG PIP_TRUSTED_HOST
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1
WORKDIR /src
RUN python -m venv --without-pip /opt/biaochi
COPY requirements-server.lock ./
RUN python -m pip --python /opt/biaochi/bin/python install --require-hashes -r requirements-server.lock
COPY pyproject.toml README.md LICENSE ./
COPY models models
COPY corpora corpora
COPY nlp nlp
COPY rules rules
COPY service service
RUN python -m pip --python /opt/biaochi/bin/python install --no-deps --no-build-isolation . \
    && python -m pip --python /opt/biaochi/bin/python uninstall --yes hatchling editables \
    && /opt/biaochi/bin/python -m compileall -q /opt/biaochi/lib

FROM ${BASE}
ARG OFFICE
RUN if [ -n "${OFFICE}" ]; then \
      apt-get update \
      && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
           libreoffice-writer-nogui libreoffice-calc-nogui \
      && rm -rf /var/lib/apt/lists/*; \
    fi \
    && groupadd --gid 10001 biaochi \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin biaochi \
    && install --directory --owner=10001 --group=10001 --mode=0700 /data
COPY --from=build /opt/biaochi /opt/biaochi
# 根文件系统可以只读：数据在 /data，临时文件在 /tmp（用 tmpfs）。
ENV PATH=/opt/biaochi/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    LANG=C.UTF-8 \
    BIAOCHI_HOST=0.0.0.0 \
    BIAOCHI_PORT=8000 \
    BIAOCHI_DATA=/data \
    BIAOCHI_AUTH=keys
USER 10001:10001
WORKDIR /data
VOLUME ["/data"]
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import http.client as h, os; c = h.HTTPConnection('127.0.0.1', int(os.environ['BIAOCHI_PORT']), timeout=4); c.request('GET', '/healthz'); raise SystemExit(c.getresponse().status != 200)"]
ENTRYPOINT ["biaochi"]
CMD ["serve"]
