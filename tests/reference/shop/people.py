from agentbox import say


def customer(messages, tools):
    asked = messages[-1].text
    return say("On 2025-11-20." if "When" in asked else "Thank you. DONE")


def clerk(messages, tools):
    told = any("2025" in message.text for message in messages)
    return say("That is past 30 days, sorry." if told else "When did you buy it?")


def in_text(messages, tools):
    last = messages[-1].text
    if last.startswith("Observation:"):
        return say(f"Final Answer: {last.removeprefix('Observation: ')} days")
    return say('Action: days_since\nAction Input: {"day": "2025-11-20"}')
