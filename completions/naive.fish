complete --keep-order --exclusive --command naive --arguments "(COMPLETE=fish naive -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token))"
