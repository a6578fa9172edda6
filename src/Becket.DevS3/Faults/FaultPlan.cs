namespace Becket.DevS3.Faults;

/// <summary>What shall go wrong with one request.</summary>
internal sealed class FaultPlan
{
    private readonly List<FaultRule> _rules = [];

    /// <summary>How long the answer waits.</summary>
    public TimeSpan Latency { get; private set; }

    public bool IsEmpty => _rules.Count == 0;

    public void Add(FaultRule rule, TimeSpan latency)
    {
        _rules.Add(rule);
        Latency += latency;
    }

    public bool Has(FaultKind kind) => Find(kind) is not null;

    public FaultRule? Find(FaultKind kind) => _rules.Find(r => r.Kind == kind);
}
