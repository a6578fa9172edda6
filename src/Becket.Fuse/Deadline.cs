namespace Becket.Fuse;

/// <summary>Waiting with an end.</summary>
internal static class Deadline
{
    /// <summary>Whether a task, which does not fail, completes within a time.</summary>
    public static async Task<bool> CompletesWithinAsync(Task task, TimeSpan time)
    {
        try
        {
            await task.WaitAsync(time);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }
}
