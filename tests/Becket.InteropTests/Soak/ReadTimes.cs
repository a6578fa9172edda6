using System.Globalization;

namespace Becket.InteropTests.Soak;

/// <summary>How long reads took, to a tenth of a millisecond. Safe for many threads.</summary>
internal sealed class ReadTimes
{
    private readonly int[] _tenths = new int[400_000];

    public long Count { get; private set; }

    public void Add(TimeSpan time)
    {
        lock (_tenths)
        {
            Count++;
            _tenths[Math.Min((int)(time.TotalMilliseconds * 10), _tenths.Length - 1)]++;
        }
    }

    /// <summary>Milliseconds within which this share of the reads was answered.</summary>
    public double Percentile(double share)
    {
        lock (_tenths)
        {
            var left = (long)(Count * share);
            var i = 0;
            while (i < _tenths.Length - 1 && (left -= _tenths[i]) > 0)
                i++;
            return (i + 1) / 10.0;
        }
    }

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Count} reads, median {Percentile(0.5):0.0} ms, p99 {Percentile(0.99):0.0} ms, p99.9 {Percentile(0.999):0.0} ms");
}
