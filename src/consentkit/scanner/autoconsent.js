// Answers autoconsent's content script, which asks how to go about it: by its heuristics alone, none of its rules loaded.
() => {
  const config = {
    enabled: true,
    autoAction: null, // it looks and does not press
    disabledCmps: [],
    enablePrehide: false,
    enableCosmeticRules: false,
    detectRetries: 6,
    enableHeuristicDetection: true,
    heuristicMode: "reject",
  };
  void autoconsentReceiveMessage({ type: "initResp", config, rules: { autoconsent: [] } });
};
