"""An optional, distrusted language model that may propose wordings. Off unless BIAOCHI_LLM_URL is set."""
