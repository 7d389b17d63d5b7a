"""Takes secrets and tenants out of everything that is kept or printed. Every scan takes linear time, on any input."""
