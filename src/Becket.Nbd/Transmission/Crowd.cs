namespace Becket.Nbd.Transmission;

/// <summary>
/// A moment in a <see cref="TransferRoom"/> where somebody waits: the bytes that are missing for those who hold nothing, whether one
/// of them wants the lane, whether only newcomers are held up, by what newcomers hold, and everybody who holds something.
/// </summary>
internal sealed record Crowd(long Missing, bool WantsLane, bool OnlyNewcomers, IReadOnlyList<Crowd.Member> Members)
{
    public bool IsStarving => Missing > 0 || WantsLane;

    public readonly record struct Member(RoomShare Share, long Held, long HeldInLane, bool IsNewcomer);
}
