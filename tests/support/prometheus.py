"""Reads /-/metrics by the parser of Prometheus' own Python client."""

from prometheus_client.parser import text_string_to_metric_families


class Metrics:
    """One scrape. metrics["name", label="value"] is a sample's value."""

    def __init__(self, text):
        self.families = {}
        self.samples = {}
        for family in text_string_to_metric_families(text):
            assert family.name not in self.families, "told twice"
            assert family.documentation, family.name
            self.families[family.name] = family
            for sample in family.samples:
                key = sample.name, tuple(sorted(sample.labels.items()))
                assert key not in self.samples, f"{key} stands there twice"
                self.samples[key] = sample.value

    def get(self, name, **labels):
        return self.samples[name, tuple(sorted(labels.items()))]

    def all(self, name, **labels):
        """Every sample of NAME with these labels among its own."""
        return {key[1]: value for key, value in self.samples.items()
                if key[0] == name and labels.items() <= dict(key[1]).items()}

    def sum(self, name, **labels):
        return sum(self.all(name, **labels).values())

    def processes(self):
        """Of each process its labels, by its id."""
        found = {}
        for labels in self.all("earshot_process_info"):
            found[dict(labels)["process"]] = dict(labels)
        return found

    def counters(self):
        """Every sample that may only grow, of what is over all processes."""
        return {key: value for key, value in self.samples.items()
                if key[0].startswith("earshot_")
                and not key[0].startswith("earshot_process")
                and self.family_of(key[0]).type in ("counter", "histogram")}

    def family_of(self, name):
        for end in ("", "_bucket", "_sum", "_count", "_total"):
            family = self.families.get(name.removesuffix(end))
            if family:
                return family
        raise AssertionError(f"{name} is of no family")


def scrape(server):
    answer = server.get("/-/metrics")
    assert answer.status == 200, (answer.status, answer.body)
    return Metrics(answer.body.decode("utf-8"))
