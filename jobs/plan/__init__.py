"""What sending would take: requests, hours, gigabytes."""
