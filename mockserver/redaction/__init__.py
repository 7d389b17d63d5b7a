"""What takes secrets and tenants out of whatever is kept or printed. Every scan takes linear time, whatever it reads."""
