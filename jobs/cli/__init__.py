"""The console command: the programs that it starts, each loaded only when it is asked for."""
