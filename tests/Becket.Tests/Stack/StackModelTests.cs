using System.Globalization;

namespace Becket.Tests.Stack;

/// <summary>
/// Every layer of a served device at once, against the known bytes. <c>BECKET_SEEDS=5000</c> runs so many episodes, and
/// <c>BECKET_SEEDS=17-17</c> number 17 alone. A seed says what is asked and what goes wrong; the order of threads it cannot say.
/// </summary>
public sealed class StackModelTests
{
    private const string Variable = "BECKET_SEEDS";
    private const int Usual = 200;

    [Fact]
    public async Task Whatever_happens_a_read_gives_the_bytes_of_the_object_or_an_error()
    {
        await Parallel.ForEachAsync(
            Seeds(),
            new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = TestContext.Current.CancellationToken },
            static async (seed, token) =>
            {
                try
                {
                    await ModelEpisode.RunAsync(seed).WaitAsync(TimeSpan.FromMinutes(2), token); // what takes so long, hangs
                }
                catch (Exception e)
                {
                    throw new InvalidOperationException($"seed {seed} failed; {Variable}={seed}-{seed} runs it alone", e);
                }
            });
    }

    private static IEnumerable<int> Seeds()
    {
        var text = Environment.GetEnvironmentVariable(Variable);
        return text?.Split('-') switch
        {
            [var first, var last] => Range(Parse(first), Parse(last)),
            [var count] => Range(1, Parse(count)),
            _ => Range(1, Usual),
        };

        static IEnumerable<int> Range(int first, int last) => Enumerable.Range(first, last - first + 1);

        static int Parse(string number) => int.Parse(number, CultureInfo.InvariantCulture);
    }
}
