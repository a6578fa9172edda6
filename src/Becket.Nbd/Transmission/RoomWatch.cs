namespace Becket.Nbd.Transmission;

/// <summary>
/// Looks after those that wait for a first buffer: while somebody does, a connection whose client hardly takes or sends what memory
/// is held for is ended, so that its memory comes free long before its timeout. It runs only while somebody waits.
/// </summary>
/// <remarks>
/// Who is ended has been waited for at two looks, and has got on by less than a sixteenth of what it holds in between: whoever
/// stands still, and whoever would take much longer than all the others that wait. As long as looks end somebody, the next
/// ones come sooner, so that a queue of such clients does not hold up one behind it for long. Nobody is ended for a slow device, for those
/// that wait although they hold some, or for want of what it does not hold.
/// </remarks>
internal sealed class RoomWatch(TransferRoom room, TimeSpan patience, TimeProvider time)
{
    private const int Part = 16;

    /// <summary>The time between two looks is cut to this part of it at most.</summary>
    private const int Shortest = 8;

    private Dictionary<RoomShare, long> _reached = [];

    public async Task RunAsync()
    {
        var (cut, idle) = (1, 0);
        for (var crowd = room.FindCrowd(); crowd is not null; crowd = room.FindCrowd())
        {
            // Who comes in after one look and stands still is seen at the next one and ended at the one after it.
            idle = EndSlow(crowd, Part * cut) ? 0 : idle + 1;
            cut = idle == 0 ? Math.Min(cut + 1, Shortest) : idle == 1 ? cut : 1;
            _reached = crowd.IsStarving ? Awaited(crowd).ToDictionary(share => share, share => share.Pace.Reached) : [];
            await Task.Delay(patience / cut, time, CancellationToken.None);
        }
    }

    private static IEnumerable<RoomShare> Awaited(Crowd crowd) =>
        crowd.Members.Select(member => member.Share).Where(share => share.Pace.IsAwaited);

    private bool EndSlow(Crowd crowd, int part)
    {
        var (missing, hasEnded) = (crowd.Missing, false);
        foreach (var member in crowd.Members.Where(member => IsSlow(member, part)).OrderByDescending(member => member.Held))
        {
            var isInTheWay = member.HeldInLane > 0 && crowd.WantsLane;
            var held = member.Held - member.HeldInLane;
            if (missing > 0 && held > 0 && (member.IsNewcomer || !crowd.OnlyNewcomers))
            {
                missing -= held;
                isInTheWay = true;
            }

            if (!isInTheWay)
                continue;

            member.Share.Pace.End("the client hardly takes its replies, or sends what it announced, while others wait");
            hasEnded = true;
        }

        return hasEnded;
    }

    private bool IsSlow(Crowd.Member member, int part) =>
        _reached.TryGetValue(member.Share, out var before) && member.Share.Pace.IsAwaited
        && member.Share.Pace.Reached - before < Math.Max(member.Held / part, 1);
}
