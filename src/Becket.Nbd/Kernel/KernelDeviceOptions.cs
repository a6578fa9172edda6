namespace Becket.Nbd.Kernel;

/// <summary>On what terms the kernel uses a device. Times are sent in whole seconds, rounded up.</summary>
public sealed record KernelDeviceOptions
{
    /// <summary>
    /// Sockets between the kernel and us. It is one all the same where the device lacks
    /// <see cref="Blocks.BlockDeviceFeatures.MultiConnection"/> or there is no <see cref="RequestTimeout"/>, and the kernel uses no
    /// more than there are processors.
    /// </summary>
    public int Connections { get; init; } = 1;

    /// <summary>The logical sector: a power of two from 512 to a page. Partition tables count in it: 512 suits most images.</summary>
    public int BlockSize { get; init; } = 512;

    /// <summary>
    /// After this time without an answer the kernel gives a socket up and sends its requests again on another one. It must be above the
    /// store's deadline, and it is the time for which requests that were under way stall when a daemon dies. Zero: the kernel waits
    /// as long as it takes, and sends again within <see cref="RetryInterval"/> what a daemon that died has left behind, once there is
    /// another one. Until then, or until the device is disconnected, whoever waits for that cannot even be killed.
    /// </summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.Zero;

    /// <summary>Without a <see cref="RequestTimeout"/>: how often the kernel looks whether a request's socket was replaced.</summary>
    public TimeSpan RetryInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>For how long the kernel lets requests wait for a new daemon when no socket is left; then they fail.</summary>
    public TimeSpan DeadConnectionTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// What the device holds, in words that another process can compare: only who names the same identifier may revive it. Empty:
    /// anybody may.
    /// </summary>
    public string BackendIdentifier { get; init; } = "";
}
