using System.Globalization;

namespace Becket.InteropTests.Soak;

/// <summary>What the environment says of long runs; <c>tests/soak</c> sets it.</summary>
internal static class LongRun
{
    /// <summary><c>BECKET_SEED</c>: other reads, faults and moments.</summary>
    public static int Seed { get; } = Number("BECKET_SEED", ordinary: 1);

    /// <summary>How many there are of something. What is no number fails, so that nobody takes a short run for a long one.</summary>
    public static int Number(string variable, int ordinary) =>
        Environment.GetEnvironmentVariable(variable) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : ordinary;
}
