using System.Globalization;

namespace Becket.InteropTests.Soak;

/// <summary>What the environment says of long runs; <c>tests/soak</c> sets it.</summary>
internal static class LongRun
{
    /// <summary><c>BECKET_SEED</c>: other reads, faults and moments.</summary>
    public static int Seed { get; } = Number("BECKET_SEED", ordinary: 1);

    /// <summary>How many there are of something.</summary>
    public static int Number(string variable, int ordinary) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : ordinary;
}
