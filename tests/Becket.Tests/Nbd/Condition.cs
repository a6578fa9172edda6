namespace Becket.Tests.Nbd;

/// <summary>What comes about a moment after its cause, on threads that a test cannot wait for.</summary>
internal static class Condition
{
    /// <summary>
    /// Waits until it is so, looking every 10 ms, a minute at most; <paramref name="what"/> says what was waited for in vain.
    /// </summary>
    public static async Task WaitAsync(Func<bool> isSo, string what)
    {
        for (var left = 6000; !isSo(); left--)
        {
            Assert.True(left > 0, $"after a minute still waiting for {what}");
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
    }
}
