"""Inline scripts: whom they would reach; `ScriptAnalyzer` in `analyzer` says so."""
