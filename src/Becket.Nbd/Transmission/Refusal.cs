using Becket.Blocks;
using Becket.Nbd.Protocol;

namespace Becket.Nbd.Transmission;

/// <summary>
/// Why a request is answered with an error: the number for programs and a sentence for people. The default value is no refusal.
/// </summary>
internal readonly record struct Refusal(NbdError Error, string Sentence)
{
    public static Refusal Stopping { get; } = new(NbdError.Shutdown, "the server is stopping");

    public bool IsRefused => Error != NbdError.None;

    /// <summary>
    /// The one place where a failure of a device becomes an errno. Only what a device says itself is told to the client:
    /// the text of other exceptions is for the log.
    /// </summary>
    public static Refusal From(Exception failure) => failure switch
    {
        BlockDeviceException e => new Refusal(From(e.Error), e.Message),
        OperationCanceledException or TimeoutException => new Refusal(NbdError.Io, "the request took too long"),
        _ => new Refusal(NbdError.Io, "the request failed inside the server; its log has the reason"),
    };

    public static NbdError From(BlockError error) => error switch
    {
        BlockError.ReadOnly => NbdError.NotPermitted,
        BlockError.Invalid => NbdError.Invalid,
        BlockError.NoSpace => NbdError.NoSpace,
        BlockError.NotSupported => NbdError.NotSupported,
        _ => NbdError.Io,
    };
}
