"""Analysis of inline scripts: which parties they contact; see `analyzer.ScriptAnalyzer`."""
