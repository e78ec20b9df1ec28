print("solar-system")
