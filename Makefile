# 标尺。`make help` 列出全部目标。
PY ?= python3
VENV := .venv
BIN := $(VENV)/bin
OUT := out
SAMPLE := corpora/samples

.PHONY: help demo test check bench docs evaluate audit lock clean
.DEFAULT_GOAL := help

help: ## 列出目标
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort

$(VENV)/.runtime: requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PY) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

demo: $(VENV)/.runtime ## 安装并检查随附样例，生成批注工作簿、审核意见书和网页报告
	@mkdir -p $(OUT)
	@$(BIN)/python -m service.demo $(SAMPLE) $(OUT)

test: $(VENV)/.dev ## 安装开发依赖，运行静态检查与全部测试
	@$(MAKE) --no-print-directory check
	@$(BIN)/python -m pytest -n 2

check: $(VENV)/.dev ## 格式、类型、导入方向
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --config pyproject.toml > $(VENV)/lint-imports.txt || (cat $(VENV)/lint-imports.txt; exit 1)

bench: $(VENV)/.dev ## 量速度与内存（与基线并排，不作断言）：程序、接口、混合负载（SOAK=秒数，默认 300）
	@$(BIN)/python -m tests.bench
	@$(BIN)/python -m tests.bench.service
	@$(BIN)/python -m tests.bench.soak $(SOAK)

docs: $(VENV)/.dev ## 由规则说明、接口与设置生成 rules/CATALOGUE.md、openapi.json、docs/operate.md 的设置表
	@$(BIN)/python -c "from rules.engine.docs import render_catalogue as r; open('rules/CATALOGUE.md','w',encoding='utf-8').write(r())"
	@$(BIN)/python -c "from service.api.openapi import render as r; open('openapi.json','w',encoding='utf-8').write(r())"
	@$(BIN)/python -c "from pathlib import Path; from service.config.docs import refresh as r; r(Path('docs/operate.md'))"

evaluate: $(VENV)/.dev ## 评测分类模型与规则，更新模型说明和图（FILE=带标注的表，可省）
	@$(BIN)/python -m nlp.training.card $(FILE)
	@$(BIN)/python -m tests.tools.rule_quality

audit: $(VENV)/.dev ## 按公开的漏洞库核对锁文件中的依赖（需要网络），有已知漏洞时失败
	@test -x $(VENV)/audit/bin/python || $(BIN)/python -m venv $(VENV)/audit
	@$(VENV)/audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit
	@$(VENV)/audit/bin/pip-audit --disable-pip --require-hashes --progress-spinner off -r requirements-server.lock

lock: $(VENV)/.dev ## 重新生成锁文件（名称、版本、哈希，不含任何主机名）
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --python-version 3.11 --extra build pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --python-version 3.11 --extra build --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --python-version 3.11 --extra build --extra postgres --extra oidc -c requirements-dev.lock pyproject.toml -o requirements-server.lock

clean: ## 删除环境与输出
	@rm -rf $(VENV) $(OUT)
