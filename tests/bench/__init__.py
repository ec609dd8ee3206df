"""Speed, shown as ratios within one run: absolute times vary with the machine, ratios hold."""
