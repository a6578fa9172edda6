using System.Globalization;

namespace Becket.Tests.Nbd.Fuzzing;

/// <summary>Which seeds are run: <c>BECKET_FUZZ=100000</c> so many, <c>BECKET_FUZZ=17-17</c> number 17 alone.</summary>
internal static class FuzzSeeds
{
    public const string Variable = "BECKET_FUZZ";
    private const int Usual = 5000;

    public static (int First, int Last) Read() => Environment.GetEnvironmentVariable(Variable)?.Split('-') switch
    {
        [var first, var last] => (Parse(first), Parse(last)),
        [var count] => (1, Parse(count)),
        _ => (1, Usual),
    };

    private static int Parse(string number) => int.Parse(number, CultureInfo.InvariantCulture);
}
