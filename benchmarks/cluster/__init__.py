"""Three hosts on one store behind nginx under a mixed load, while hosts are killed and the store is restarted."""
