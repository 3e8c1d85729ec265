"""`GET /metrics`: for administrators and for callers on this machine, unless the settings say otherwise."""

from fastapi import APIRouter, FastAPI, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from service.api.batch_metrics import BatchFindings
from service.api.deps import actor, services_of
from service.api.errors import Problem
from service.auth.network import is_local
from service.metrics import MEDIA_TYPE, Metrics
from service.store.engine import Store

router = APIRouter()


def install(app: FastAPI) -> Metrics:
    """Give an application its metrics; return them, so that they can be told of requests."""

    def store() -> Store | None:
        kept = getattr(app.state, "kept", None)
        return None if kept is None else kept.store

    found = Metrics(store)
    found.registry.register(BatchFindings(store))
    app.state.metrics = found
    app.include_router(router)
    return found


@router.get("/metrics", include_in_schema=False)
async def metrics(request: Request) -> Response:
    """Return the metrics in Prometheus' text format."""
    mode = services_of(request).settings.metrics
    if mode == "off":
        raise Problem("not-found", "本站没有开放 /metrics；如需开放，请设置 BIAOCHI_METRICS")
    if mode == "local" and not is_local(request):
        caller = await actor(request)
        if caller.role != "administrator":
            raise Problem("forbidden", "/metrics 只对本机与管理身份开放；如需改变，请设置 BIAOCHI_METRICS")
    found: Metrics = request.app.state.metrics
    return Response(await run_in_threadpool(found.render), media_type=MEDIA_TYPE)
