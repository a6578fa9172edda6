using Becket.DevS3.Faults;

namespace Becket.DevS3;

/// <summary>
/// What goes wrong in a <see cref="DevS3Server"/>, and when: rules that every request is held against, in the order they
/// were added. Safe to change from any thread while the server runs; a request keeps to the rules it found.
/// </summary>
/// <param name="seed">Where the chances come from: the same seed and the same order of requests give the same faults.</param>
public sealed class DevS3Faults(int seed = 1)
{
    private readonly Lock _lock = new();
    private readonly Random _random = new(seed);
    private readonly List<ActiveRule> _rules = [];
    private readonly long[] _injected = new long[Enum.GetValues<FaultKind>().Length];

    /// <summary>
    /// Reads the textual form: rules <c>name=amount[@METHOD][:key]</c>, separated by commas. An amount is a probability
    /// (<c>0.05</c>) or a count (<c>3x</c>: the next three requests); of latency, a time or a range of times
    /// (<c>25ms</c>, <c>10ms..1s</c>). The names are those in <see cref="FaultKind"/>. <c>seed=7</c> sets the seed.
    /// </summary>
    /// <exception cref="FormatException">It is no such text; the message says which part and what would do.</exception>
    public static DevS3Faults Parse(string text)
    {
        (int seed, IReadOnlyList<FaultRule> rules) = FaultText.Parse(text);
        var faults = new DevS3Faults(seed);
        foreach (FaultRule rule in rules)
            faults.Add(rule);
        return faults;
    }

    public void Add(FaultRule rule)
    {
        lock (_lock)
            _rules.Add(new ActiveRule(rule));
    }

    /// <summary>The next <paramref name="times"/> requests that can show this fault meet it.</summary>
    public void Next(FaultKind kind, int times = 1) => Add(new FaultRule(kind) { Times = times });

    /// <summary>From now on nothing goes wrong.</summary>
    public void Clear()
    {
        lock (_lock)
            _rules.Clear();
    }

    /// <summary>How many requests have met this fault.</summary>
    public long Injected(FaultKind kind) => Interlocked.Read(ref _injected[(int)kind]);

    /// <param name="method">In capitals.</param>
    /// <param name="key">The object's; empty for a bucket.</param>
    /// <param name="hasRange">Whether a range is asked for.</param>
    /// <param name="authorization">The header, which names the access key; null where there is none.</param>
    internal FaultPlan PlanFor(string method, string key, bool hasRange, string? authorization)
    {
        var plan = new FaultPlan();
        lock (_lock)
        {
            foreach (ActiveRule active in _rules)
            {
                FaultRule rule = active.Rule;
                if (!rule.Concerns(method, key, hasRange, authorization) || active.Seen++ < rule.After || active.Done >= rule.Times)
                    continue;
                if (rule.Probability < 1 && _random.NextDouble() >= rule.Probability)
                    continue;
                active.Done++;
                Interlocked.Increment(ref _injected[(int)rule.Kind]);
                TimeSpan latency = rule.MinimumLatency + ((rule.MaximumLatency - rule.MinimumLatency) * _random.NextDouble());
                plan.Add(rule, rule.Kind == FaultKind.Latency ? latency : TimeSpan.Zero);
            }
            _rules.RemoveAll(active => active.Done >= active.Rule.Times);
        }
        return plan;
    }

    private sealed class ActiveRule(FaultRule rule)
    {
        public FaultRule Rule => rule;

        public long Seen { get; set; }

        public int Done { get; set; }
    }
}
